"""The statistics of a report: means with intervals over seeds, and rank correlations."""

import dataclasses

import numpy as np

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class Interval:
    """A mean and its interval; the ends are None where there is one value only."""

    count: int
    mean: float
    low: float | None
    high: float | None


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> Interval | None:
    """The mean and Student's t interval of it: mean +- t s / sqrt(n), with n - 1 degrees.

    Unlike the percentile bootstrap it keeps its level at the two to five seeds that studies have,
    as long as the seeds' scores are about normal; it may reach beyond a score's range.

    Args:
        values: one per seed, `[num_seeds]`; those that are NaN are left out.
        confidence: the share of such intervals that hold the true mean.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return None
    mean = float(values.mean())
    if values.size == 1:
        return Interval(1, mean, None, None)
    standard_error = values.std(ddof=1) / np.sqrt(values.size)
    margin = float(stdtrit(values.size - 1, (1 + confidence) / 2) * standard_error)
    return Interval(values.size, mean, mean - margin, mean + margin)


def rank_correlations(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spearman's rank correlation of every two scores, over the models that have both.

    Args:
        scores: `[num_models, num_scores]`; NaN where a model lacks a score.

    Returns:
        The correlations, `[num_scores, num_scores]`, NaN where fewer than three models have both
        scores or one of them is constant; and the numbers of models, of the same shape.
    """
    num_scores = scores.shape[1]
    correlations = np.full((num_scores, num_scores), np.nan)
    present = ~np.isnan(scores)
    counts = present.T.astype(np.int64) @ present
    for i in range(num_scores):
        for j in range(i + 1):
            both = present[:, i] & present[:, j]
            if counts[i, j] >= 3:
                correlations[i, j] = correlations[j, i] = _correlation(
                    _ranks(scores[both, i]), _ranks(scores[both, j])
                )
    return correlations, counts


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    norm = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / norm) if norm > 0 else np.nan


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]
