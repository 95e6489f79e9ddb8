"""Scores over tasks and seeds with intervals, as in rliable.

Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice", 2021. Here a
task is a group within which scores are comparable, such as a data set.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfdis.checks import Count, Fraction

Strata = Sequence[np.ndarray]


def strata_of(scores: Any) -> Strata:
    """The scores of each task: columns of `[seeds, tasks]`, one of `[seeds]`, or arrays."""
    if isinstance(scores, np.ndarray):
        return list(scores.T) if scores.ndim == 2 else [scores]
    return [np.asarray(each, dtype=np.float64) for each in scores]


def interquartile_mean(scores: np.ndarray | Strata) -> float:
    """The mean of the middle half of all scores.

    Args:
        scores: `[seeds, tasks]`, or an array of seeds per task.
    """
    values = np.sort(np.concatenate(strata_of(scores)))
    cut = len(values) // 4
    return float(np.mean(values[cut : len(values) - cut]))


def probability_of_improvement(first: np.ndarray | Strata, second: np.ndarray | Strata) -> float:
    """How often a run of the first scores more than one of the second; equal ones count half.

    The mean over tasks of Mann and Whitney's U / (n m).

    Args:
        first: `[seeds, tasks]`, or an array of seeds per task.
        second: the same tasks; its seeds may be others.
    """
    chances = []
    for one, other in zip(strata_of(first), strata_of(second), strict=True):
        ranked = np.sort(other)
        below = np.searchsorted(ranked, one, side="left")
        up_to = np.searchsorted(ranked, one, side="right")
        chances.append(np.mean(below + up_to) / (2 * len(ranked)))
    return float(np.mean(chances))


def stratified_bootstrap(
    statistic: Callable[..., float],
    *scores: np.ndarray | Strata,
    confidence: Fraction = 0.95,
    num_resamples: Count = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile interval of a statistic; seeds are redrawn within each task.

    Args:
        statistic: such as `interquartile_mean`, or `probability_of_improvement` of two.
        scores: what it is a statistic of.
        confidence: the share of such intervals that should hold the true value.
        num_resamples: how many times seeds are drawn with replacement.
        seed: of the draws.
    """
    random = np.random.default_rng(seed)
    tables = [strata_of(each) for each in scores]

    def drawn(table: Strata) -> Strata:
        return [task[random.integers(len(task), size=len(task))] for task in table]

    values = [statistic(*map(drawn, tables)) for _ in range(num_resamples)]
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
