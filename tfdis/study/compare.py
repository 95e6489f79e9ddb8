"""Compares the settings of a study over models that differ in one binding only."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.errors import UserError
from tfdis.statistics import comparisons
from tfdis.statistics.stratified import (
    interquartile_mean,
    probability_of_improvement,
    stratified_bootstrap,
)
from tfdis.study.report_data import scores_of
from tfdis.study.report_read import StudyModel, read_models
from tfdis.study.study import Setting, Study, load_study

_SEED = "model.random_seed"
_ALGORITHM = "model.name"
_RESAMPLES = 2000


@dataclasses.dataclass(frozen=True)
class Side:
    """One value of the binding that settings are compared by.

    Attributes:
        value: of the binding.
        num_models: how many models have it, and the score.
        mean: of their scores.
        interquartile_mean: of their scores.
        low: where its interval by stratified bootstrap begins.
        high: where it ends.
    """

    value: str
    num_models: int
    mean: float
    interquartile_mean: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two values of the binding, over pairs of models that are otherwise the same.

    Attributes:
        first: a value.
        second: another.
        num_pairs: how many pairs of models there are.
        difference: the mean of first minus second.
        low: where the difference's bootstrap interval begins.
        high: where it ends.
        p_value: of the permutation test.
        corrected: the p-value after Holm's correction over all comparisons of the score.
        improvement: how often a model of the first scores more than one of the second.
        seeds: how many pairs would find a difference of this size, or of the requested one, with a
            power of 0.8; None where a million would not.
    """

    first: str
    second: str
    num_pairs: int
    difference: float
    low: float
    high: float
    p_value: float
    corrected: float
    improvement: float
    seeds: int | None


def compare(
    directory: str | Path, by: str, score: str, difference: float | None = None
) -> tuple[str, list[Side], list[Comparison]]:
    """Compares a study's models by the values of one binding.

    Args:
        directory: the study's directory.
        by: a binding that differs among the models, such as "model.name".
        score: a metric of the study, such as "mig" (its first score), or a score's whole name, such
            as "mean/mig/discrete_mig".
        difference: the size that `Comparison.seeds` is computed for; None: the observed one.

    Returns:
        the score's whole name, each value of the binding, and each two of them.

    Raises:
        UserError: there is no such binding or score, or no two models to pair.
    """
    study = load_study(directory)
    runs = read_models(directory, study)
    name = find_score(runs, score)
    scored = [
        (study.settings[run.model_num], run.scores[name]) for run in runs if name in run.scores
    ]
    values = list(dict.fromkeys(_text(setting[by]) for setting, _ in scored if by in setting))
    if len(values) < 2:
        known = sorted({key for setting in study.settings for key in setting})
        raise UserError(
            f"The models with a score {name} have {len(values)} value of {by}, and two are "
            f"compared; the study's bindings are {', '.join(known)}."
        )
    sides, found = compare_settings(scored, by, difference)
    if not found:
        raise UserError(
            f"No models with a score {name} are the same but for {by}, twice at least: there is "
            "nothing to pair."
        )
    return name, sides, found


def compare_settings(
    scored: Sequence[tuple[Setting, float]], by: str, difference: float | None = None
) -> tuple[list[Side], list[Comparison]]:
    """`compare` of settings and their scores.

    A pair agrees in every binding that both values of `by` have. Scores are averaged over a binding
    that only one side has, such as its hyperparameter.
    """
    groups: dict[str, list[tuple[Setting, float]]] = {}
    for setting, value in scored:
        if by in setting:
            groups.setdefault(_text(setting[by]), []).append((setting, value))
    sides = [_side(value, group, by) for value, group in groups.items()]
    pairs = []
    for first, second in combinations(groups, 2):
        names = _shared(groups[first], groups[second], by)
        one, other = _by_key(groups[first], names), _by_key(groups[second], names)
        keys = [key for key in one if key in other]
        if len(keys) > 1:
            means = [np.array([np.mean(side[key]) for key in keys]) for side in (one, other)]
            pairs.append((first, second, means[0] - means[1], _improvement(one, other, names)))
    p_values = [comparisons.permutation_test(differences) for _, _, differences, _ in pairs]
    corrected = comparisons.holm(p_values)
    found = [
        Comparison(
            first,
            second,
            len(differences),
            float(np.mean(differences)),
            *comparisons.bootstrap_interval(differences, num_resamples=_RESAMPLES),
            p_value,
            float(after),
            improvement,
            _seeds(differences, difference),
        )
        for (first, second, differences, improvement), p_value, after in zip(
            pairs, p_values, corrected
        )
    ]
    return sides, found


def page_comparisons(study: Study, runs: Sequence[StudyModel]) -> dict[int, list[list[Any]]]:
    """The comparisons of algorithms for the report's page: by a headline's place, a row per pair.

    A row holds the fields of `Comparison`, rounded to four digits.
    """
    found = {}
    for place, score in enumerate(scores_of(runs)):
        scored = [
            ({**study.settings[run.model_num], _ALGORITHM: run.algorithm}, run.scores[score.name])
            for run in runs
            if score.headline and score.name in run.scores
        ]
        rows = compare_settings(scored, _ALGORITHM)[1] if scored else []
        if rows:
            found[place] = [
                [round(x, 4) if isinstance(x, float) else x for x in dataclasses.astuple(row)]
                for row in rows
            ]
    return found


def find_score(runs: Sequence[StudyModel], score: str) -> str:
    """The whole name of a score, `<representation>/<metric>/<number>`, from a part of it.

    Raises:
        UserError: no model has such a score.
    """
    names = [each.name for each in scores_of(runs)]  # what the field reports is first
    if score in names:
        return score
    for matches in (
        [name for name in names if name.endswith(f"/{score}")],
        [name for name in names if f"/{score}/" in f"/{name}"],
        [name for name in names if f"/{score}" in f"/{name}"],
    ):
        if matches:
            return matches[0]
    raise UserError(f"No model has a score {score}; there are: {', '.join(names) or 'none yet'}.")


def _side(value: str, group: Sequence[tuple[Setting, float]], by: str) -> Side:
    tasks: dict[tuple, list[float]] = {}
    for setting, score in group:
        tasks.setdefault(_key(setting, [n for n in setting if n not in (by, _SEED)]), []).append(
            score
        )
    strata = [np.array(scores) for scores in tasks.values()]
    low, high = stratified_bootstrap(interquartile_mean, strata, num_resamples=_RESAMPLES)
    scores = np.concatenate(strata)
    return Side(value, len(scores), float(scores.mean()), interquartile_mean(strata), low, high)


def _shared(
    first: Sequence[tuple[Setting, float]], second: Sequence[tuple[Setting, float]], by: str
) -> list[str]:
    """The bindings to pair by: those that both sides have, with a value in common."""

    def values(group: Sequence[tuple[Setting, float]]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for setting, _ in group:
            for name, value in setting.items():
                found.setdefault(name, set()).add(_text(value))
        return found

    one, other = values(first), values(second)
    return [name for name in one if name != by and one[name] & other.get(name, set())]


def _by_key(
    group: Sequence[tuple[Setting, float]], names: Sequence[str]
) -> dict[tuple, list[float]]:
    found: dict[tuple, list[float]] = {}
    for setting, score in group:
        found.setdefault(_key(setting, names), []).append(score)
    return found


def _improvement(
    one: Mapping[tuple, list[float]], other: Mapping[tuple, list[float]], names: Sequence[str]
) -> float:
    """The probability of improvement over tasks: what differs in the seed alone is one."""
    seed = list(names).index(_SEED) if _SEED in names else None
    tasks: list[dict[tuple, list[float]]] = []
    for side in (one, other):
        tasks.append({})
        for key, scores in side.items():
            task = key if seed is None else key[:seed] + key[seed + 1 :]
            tasks[-1].setdefault(task, []).extend(scores)
    both = [task for task in tasks[0] if task in tasks[1]]
    return probability_of_improvement(*([side[task] for task in both] for side in tasks))


def _seeds(differences: np.ndarray, difference: float | None) -> int | None:
    size = float(np.mean(differences)) if difference is None else difference
    try:
        return comparisons.seeds_to_detect(size, float(np.std(differences, ddof=1)))
    except UserError:
        return None


def _key(setting: Setting, names: Sequence[str]) -> tuple:
    return tuple((name, _text(setting[name])) for name in names if name in setting)


def _text(value: Any) -> str:
    return str(value).strip("@()")
