"""Interventional robustness score.

Suter et al., "Robustly disentangled causal mechanisms", 2019.
"""

from typing import Annotated

import gin
import numpy as np
from annotated_types import Interval

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked
from tfdis.metrics.discretizer import Discretizer, histogram_discretizer, make_discretizer
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source

Quantile = Annotated[float, Interval(ge=0, le=1)]


def irs(
    codes: np.ndarray,
    factors: np.ndarray,
    continuous: Continuous = None,
    diff_quantile: Quantile = 0.99,
    discretizer: Discretizer = histogram_discretizer,
) -> Scores:
    """One minus the largest change of a latent while one factor keeps its value.

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`; a continuous one keeps its bin.
        continuous: see `checked_factors`.
        diff_quantile: which quantile of the changes counts as the largest; 1 in the paper.
        discretizer: puts factors into bins.

    Returns:
        IRS: the mean over latents, weighted by how far they spread;
        num_active_dims: disentanglement_lib's number of this name, the sum of all codes of the
        latents that vary; num_varying_latents: how many latents vary. The matrix is `robustness`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    codes, factors, _ = checked(codes, factors, continuous)
    factors = discretizer(factors)
    varies = codes.T.var(axis=1) > 0.0
    varying = codes.T[varies, :]
    score, matrix = 0.0, np.zeros([len(varies), factors.shape[1]])
    if varying.any():
        robustness, spread = robustness_matrix(factors, varying.T, diff_quantile)
        score = np.average(robustness.max(axis=1), weights=spread)
        matrix[varies] = robustness
    scores = {
        "IRS": score,
        "num_active_dims": np.sum(varying),
        "num_varying_latents": len(varying),
    }
    return Scores(scores, robustness=matrix)


@metric("irs")
def _irs(
    source: Source,
    random_state: np.random.RandomState,
    diff_quantile: Quantile = 0.99,
    num_train: Count = gin.REQUIRED,
    batch_size: Count = gin.REQUIRED,
) -> Scores:
    """`irs` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        diff_quantile: see `irs`.
        num_train: how many points.
        batch_size: how many are drawn at a time.
    """
    codes, factors = source.points(num_train, random_state, batch_size)
    return irs(codes, factors, source.continuous, diff_quantile, make_discretizer)


def robustness_matrix(
    factors: np.ndarray, codes: np.ndarray, diff_quantile: float
) -> tuple[np.ndarray, np.ndarray]:
    """One minus a latent's largest change at a fixed value of a factor, as a share of its spread.

    Args:
        factors: discrete, `[samples, num_factors]`.
        codes: `[samples, num_latents]`; none constant.
        diff_quantile: see `irs`.

    Returns:
        the matrix, `[num_latents, num_factors]`, and each latent's largest distance from its mean,
        `[num_latents]`.
    """
    spread = np.max(np.abs(codes - codes.mean(axis=0)), axis=0)
    changes = np.zeros([codes.shape[1], factors.shape[1]])
    for i, factor in enumerate(factors.T):
        values = np.unique(factor)
        for value in values:
            fixed = codes[factor == value]
            distances = np.abs(fixed - np.mean(fixed, axis=0))
            changes[:, i] += np.percentile(distances, q=diff_quantile * 100, axis=0)
        changes[:, i] /= len(values)
    return 1.0 - changes / spread[:, None], spread
