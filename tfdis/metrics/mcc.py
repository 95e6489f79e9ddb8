"""Mean correlation coefficient, the score of identifiability.

Hyvärinen and Morioka, "Unsupervised feature extraction by time-contrastive learning", 2016;
Khemakhem et al., "Variational autoencoders and nonlinear ICA", 2020, section 5.
"""

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source


def mcc(codes: np.ndarray, factors: np.ndarray, continuous: Continuous = None) -> Scores:
    """How well single latents, each matched with one factor, follow the factors.

    Latents and factors are matched one to one such that the sum of absolute correlations is the
    greatest (the Hungarian algorithm). A factor is taken as its number, so a factor whose values
    have no order (a shape) is judged by the order that its numbers happen to have.

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.
        continuous: see `checked_factors`.

    Returns:
        mcc_linear: the mean over factors of Pearson's correlation with the matched latent;
        mcc_rank: the same of Spearman's. A factor without a latent counts as 0. The matrices are
        `linear_correlation` and `rank_correlation`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    from scipy.stats import rankdata

    codes, factors, _ = checked(codes, factors, continuous)
    linear = absolute_correlations(codes, factors)
    rank = absolute_correlations(rankdata(codes, axis=0), rankdata(factors, axis=0))
    scores = {"mcc_linear": matched_mean(linear), "mcc_rank": matched_mean(rank)}
    return Scores(scores, linear_correlation=linear, rank_correlation=rank)


@metric("mcc")
def _mcc(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`mcc` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points.
        batch_size: how many are drawn at a time.
    """
    return mcc(*source.points(num_train, random_state, batch_size), source.continuous)


def absolute_correlations(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Pearson's correlation without its sign; 0 for a latent that never varies.

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.

    Returns:
        `[num_latents, num_factors]`.
    """

    def unit(columns: np.ndarray) -> np.ndarray:
        centred = columns - np.mean(columns, axis=0, dtype=np.float64)
        norm = np.sqrt(np.sum(centred**2, axis=0))
        return centred / np.where(norm > 0, norm, 1.0)

    return np.minimum(np.abs(unit(codes).T @ unit(factors)), 1.0)


def matched_mean(correlations: np.ndarray) -> float:
    """The mean over factors of the best one-to-one matching of `[num_latents, num_factors]`."""
    from scipy.optimize import linear_sum_assignment

    matched = linear_sum_assignment(correlations, maximize=True)
    return float(np.sum(correlations[matched]) / correlations.shape[1])
