"""The statistics of a report: rank correlations between scores."""

import numpy as np


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
