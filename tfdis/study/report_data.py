"""A study as the data of its page: columns, one value per model, so that 12,600 models fit."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.statistics.intervals import mean_interval
from tfdis.study.report_pictures import data_uri, models_to_embed, traversal_file
from tfdis.study.report_read import StudyModel, read_curve
from tfdis.study.report_statistics import rank_correlations
from tfdis.study.study import Study

# The score that is commonly reported of each metric, in the order of the page; of a metric without
# any of these, its first number.
_HEADLINES = {
    "discrete_mig": "MIG",
    "disentanglement": "DCI disentanglement",
    "SAP_score": "SAP",
    "eval_accuracy": "",  # FactorVAE's and beta-VAE's share the name: the metric tells
    "modularity_score": "Modularity",
    "IRS": "IRS",
    "infom": "InfoM",
    "infoe": "InfoE",
    "infoc": "InfoC",
    "gaussian_total_correlation": "Gaussian TC",
    "udr": "UDR",
    "reconstruction_loss": "Reconstruction loss",
}
_ORDER = list(_HEADLINES)
_DOWNSTREAM = ":mean_test_accuracy"
_METRICS = {"factor_vae": "FactorVAE", "beta_vae": "BetaVAE"}
# The heading of numbers that belong to no representation.
_WITHOUT_REPRESENTATION = ("training", "unlabelled")
# Limits that keep the page of the largest study small enough for a browser.
_MAX_SCORES = 1_500_000
_MAX_CURVE_NUMBERS = 600_000
_CURVE_POINTS = (8, 150)
_DIGITS = 6


@dataclasses.dataclass(frozen=True)
class Score:
    """A number that is known of models.

    Attributes:
        name: as in `StudyModel.scores`.
        label: what the page calls it.
        representation: "" for numbers of the training.
        headline: whether it is shown by default, and correlated.
    """

    name: str
    label: str
    representation: str
    headline: bool


def page_data(directory: Path, study: Study, runs: Sequence[StudyModel]) -> dict[str, Any]:
    """The data of the page, as JSON."""
    scores, num_left_out = _fitting(scores_of(runs), len(runs))
    values = np.array(
        [[run.scores.get(score.name, np.nan) for score in scores] for run in runs]
    ).reshape(len(runs), len(scores))
    groups: dict[int, list[int]] = {}
    for run in runs:
        groups.setdefault(run.group, []).append(run.model_num)
    return {
        "name": study.name,
        "directory": str(directory.absolute()),
        "studyBindings": list(study.gin_bindings),
        "models": {
            "algorithm": [run.algorithm for run in runs],
            "dataSet": [run.data_set for run in runs],
            "setting": [run.setting for run in runs],
            "seed": [run.seed for run in runs],
            "status": [run.status for run in runs],
            "group": [run.group for run in runs],
        },
        "scores": [dataclasses.asdict(score) for score in scores],
        "values": [_column(values[:, index]) for index in range(len(scores))],
        "numLeftOut": num_left_out,
        "groups": {
            str(group): [_interval(values[members, index]) for index in range(len(scores))]
            for group, members in groups.items()
        },
        "correlations": _correlations(runs, scores, values),
        "errors": {
            str(run.model_num): {"error": run.error, "details": run.details}
            for run in runs
            if run.error
        },
        **_bindings(runs),
        **_curves(directory, runs),
        **_pictures(directory, runs, scores),
    }


def scores_of(runs: Sequence[StudyModel]) -> list[Score]:
    """Every score that a model has, headlines first, those of the training last."""
    names = dict.fromkeys(name for run in runs for name in run.scores)
    metrics: dict[str, list[str]] = {}
    for name in names:
        metrics.setdefault(name.rpartition("/")[0], []).append(name)
    scores = []
    for metric, numbers in metrics.items():
        headlines = [name for name in numbers if name.rpartition("/")[2] in _HEADLINES]
        if not headlines and metric != "training":
            # Of a downstream task, the accuracy after the most labels.
            tests = [name for name in numbers if name.endswith(_DOWNSTREAM)]
            headlines = tests[-1:] or numbers[:1]
        scores += [_score(name, name in headlines) for name in numbers]
    scores.sort(key=_place)
    return scores


def _place(score: Score) -> tuple[bool, bool, int]:
    number = score.name.rpartition("/")[2]
    rank = _ORDER.index(number) if number in _ORDER else len(_ORDER)
    return not score.headline, score.representation == "", rank


def _score(name: str, headline: bool) -> Score:
    first, *metric, number = name.split("/")
    representation = "" if first in _WITHOUT_REPRESENTATION else first
    label = _HEADLINES.get(number) if headline else None
    if headline and number.endswith(_DOWNSTREAM):
        task = metric[0].removeprefix("downstream_task_").replace("_", " ")
        label = f"{task.capitalize()} {number.removesuffix(_DOWNSTREAM)}"
    elif label is None:
        label = number if not metric else f"{metric[0]}: {number}"
    elif label == "":
        label = next((text for key, text in _METRICS.items() if key in metric[0]), metric[0])
    return Score(name, label, representation, headline)


def _fitting(scores: list[Score], num_models: int) -> tuple[list[Score], int]:
    kept = scores[: max(_MAX_SCORES // max(num_models, 1), sum(s.headline for s in scores))]
    return kept, len(scores) - len(kept)


def _interval(values: np.ndarray) -> list[float | None] | None:
    interval = mean_interval(values)
    if interval is None:
        return None
    return [interval.count, *map(_rounded, (interval.mean, interval.low, interval.high))]


def _correlations(
    runs: Sequence[StudyModel], scores: list[Score], values: np.ndarray
) -> list[dict]:
    """One matrix per representation and data set, and over all data sets."""
    data_sets = list(dict.fromkeys(run.data_set for run in runs))
    if len(data_sets) > 1:
        data_sets.append("")
    representations = list(dict.fromkeys(s.representation for s in scores if s.representation))
    matrices = []
    for representation in representations or [""]:
        columns = [
            index
            for index, score in enumerate(scores)
            if score.headline and score.representation in ("", representation)
        ]
        for data_set in data_sets:
            rows = [run.model_num for run in runs if data_set in ("", run.data_set)]
            matrix, counts = rank_correlations(values[np.ix_(rows, columns)])
            matrices.append(
                {
                    "representation": representation,
                    "dataSet": data_set,
                    "scores": columns,
                    "matrix": [_column(row) for row in matrix],
                    "counts": counts.tolist(),
                }
            )
    return matrices


def _bindings(runs: Sequence[StudyModel]) -> dict[str, Any]:
    """Stores the shared bindings once, and each value of the others once, with its index."""
    names = sorted({name for run in runs for name in run.bindings})
    shared, own = {}, {}
    for name in names:
        places: dict[str | None, int] = {}
        column = [places.setdefault(run.bindings.get(name), len(places)) for run in runs]
        if len(places) == 1:
            shared[name] = next(iter(places))
        else:
            own[name] = {"values": list(places), "of": column}
    return {"sharedBindings": shared, "ownBindings": own}


def _curves(directory: Path, runs: Sequence[StudyModel]) -> dict[str, Any]:
    per_model = _MAX_CURVE_NUMBERS // max(len(runs), 1)
    curves = {}
    num_names = 4
    for run in runs:
        points = min(max(per_model // num_names, _CURVE_POINTS[0]), _CURVE_POINTS[1])
        curve = read_curve(directory / str(run.model_num) / "model" / "progress.jsonl", points)
        if curve:
            num_names = len(curve)
            curves[str(run.model_num)] = {
                name: [_rounded(value) for value in column] for name, column in curve.items()
            }
    return {"curves": curves}


def _pictures(directory: Path, runs: Sequence[StudyModel], scores: list[Score]) -> dict[str, Any]:
    files = {
        run.model_num: path
        for run in runs
        if (path := traversal_file(directory / str(run.model_num))) is not None
    }
    drawn = [run for run in runs if run.model_num in files]
    first = scores[0].name if scores and scores[0].representation else None
    embedded = {num: data_uri(files[num]) for num in models_to_embed(drawn, first)}
    return {
        "pictures": {str(num): uri for num, uri in embedded.items() if uri is not None},
        "pictureFiles": {
            str(num): path.relative_to(directory).as_posix() for num, path in files.items()
        },
    }


def _column(values: np.ndarray) -> list[float | None]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float | None) -> float | None:
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{_DIGITS}g}")
