"""Interventional robustness score.

Suter et al., "Robustly disentangled causal mechanisms", 2019.
"""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.metric import metric, save_matrix
from tfdis.evaluation.metrics.discretizer import make_discretizer
from tfdis.evaluation.sources import source_of


@metric
def irs(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    diff_quantile: float = 0.99,
    num_train: int = gin.REQUIRED,
    batch_size: int = gin.REQUIRED,
) -> dict[str, Any]:
    """How little a latent changes, at most, while one factor keeps its value.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrix of robustness goes.
        diff_quantile: which quantile of the changes counts as the largest; 1 in the paper.
        num_train: how many points.
        batch_size: how many are drawn at a time.

    Returns:
        IRS: the mean over latents, weighted by how far they spread;
        num_active_dims: disentanglement_lib's number of this name, the sum of all codes of the
        latents that vary; num_varying_latents: how many latents vary.
    """
    source = source_of(ground_truth_data, representation_function)
    codes, factors = source.points(num_train, random_state, batch_size)
    factors = make_discretizer(factors)
    varies = codes.T.var(axis=1) > 0.0
    varying = codes.T[varies, :]
    score = 0.0
    if varying.any():
        robustness, spread = robustness_matrix(factors, varying.T, diff_quantile)
        score = np.average(robustness.max(axis=1), weights=spread)
        matrix = np.zeros([len(varies), source.num_factors])
        matrix[varies] = robustness
        save_matrix(artifact_dir, "robustness", matrix, source.factor_names)
    return {
        "IRS": score,
        "num_active_dims": np.sum(varying),
        "num_varying_latents": len(varying),
    }


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
