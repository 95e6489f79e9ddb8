"""How much a score depends on the points that it is computed from: several seeds, an interval."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

from tfdis.errors import UserError
from tfdis.evaluation.scoring import configured_scores
from tfdis.evaluation.settings import gin_apart, names_in, refuse_unknown, settings_of
from tfdis.metrics.source import Source
from tfdis.statistics.intervals import CONFIDENCE, MeanInterval, mean_interval


def over_seeds(
    source: Source,
    metrics: Sequence[str],
    seeds: Sequence[int] = range(5),
    gin_bindings: Sequence[str] = (),
    confidence: float = CONFIDENCE,
) -> dict[str, dict[str, MeanInterval]]:
    """Each score over several evaluation seeds, with the interval of its mean.

    The model stays the same. The points that it is scored on differ, and so do a metric's other
    draws. All seeds share the codes of the images that they have in common.

    Args:
        source: such as `source_of(data, model)`, or `TableSource(codes, factors)`.
        metrics: names, such as `["mig", "dci"]`.
        seeds: the evaluation seeds, two or more, all different.
        gin_bindings: change parameters, such as `["mig.num_train = 1000"]`.
        confidence: how often the interval holds the mean over all seeds.

    Returns:
        for each metric its scores by name, without entries that are not numbers and the time taken.

    Raises:
        UserError: there is no such metric or parameter, or the codes cannot be scored.

    Example:
        >>> source = source_of(Sprites(), tfdis.load("models/beta_tcvae"))
        >>> print(over_seeds(source, ["mig"])["mig"]["discrete_mig"])
        0.3121 [0.3090, 0.3152]
    """
    if len(set(seeds)) < 2 or len(set(seeds)) < len(seeds):
        raise UserError(f"An interval needs two or more different seeds; received {list(seeds)}.")
    names = names_in(metrics)
    refuse_unknown(names)
    found = {}
    for name in names:
        scores = []
        for seed in seeds:
            bindings = [*gin_bindings, f"evaluation.random_seed = {seed}"]
            with gin_apart(), settings_of(name, (), bindings):
                scores.append(configured_scores(source, None))
        found[name] = intervals(scores, confidence)
    return found


def intervals(
    scores: Sequence[Mapping[str, Any]], confidence: float = CONFIDENCE
) -> dict[str, MeanInterval]:
    """The interval of each score that is a number.

    Args:
        scores: the scores by name, one dictionary per seed.
        confidence: see `mean_interval`.
    """
    return {
        name: mean_interval([each[name] for each in scores], confidence)
        for name in scores[0]
        if name != "elapsed_time" and all(isinstance(each.get(name), Real) for each in scores)
    }
