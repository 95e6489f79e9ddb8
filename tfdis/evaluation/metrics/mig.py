"""Mutual information gap (Chen et al., "Isolating sources of disentanglement", 2018, eq. 6)."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.metric import (
    metric,
    require_two_latents,
    require_varied_factors,
    save_matrix,
    validation_metric,
)
from tfdis.evaluation.metrics.discretizer import make_discretizer
from tfdis.evaluation.metrics.fixed_set import codes_and_factors
from tfdis.evaluation.metrics.information import discrete_entropy, discrete_mutual_information
from tfdis.evaluation.sources import source_of


@metric
def mig(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """How much more the best latent knows of a factor than the second best, in shares of H(factor).

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrix of mutual information goes.
        num_train: how many points.
        batch_size: how many are drawn at a time.

    Returns:
        discrete_mig: the mean over factors.
    """
    source = source_of(ground_truth_data, representation_function)
    codes, factors = source.points(num_train, random_state, batch_size)
    information = mutual_information(codes, factors, source.factor_names)
    save_matrix(artifact_dir, "mutual_information", information, source.factor_names)
    return {"discrete_mig": np.mean(gaps(information, discrete_entropy(factors)))}


@validation_metric
def mig_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    batch_size: int = 100,
) -> dict[str, Any]:
    """`mig` of a fixed labelled set."""
    codes, factors = codes_and_factors(observations, labels, representation_function, batch_size)
    information = mutual_information(codes, factors)
    return {"discrete_mig": np.mean(gaps(information, discrete_entropy(factors)))}


def mutual_information(
    codes: np.ndarray, factors: np.ndarray, factor_names: tuple[str, ...] | None = None
) -> np.ndarray:
    """Of each discretized latent and factor, in nats, `[num_latents, num_factors]`."""
    require_two_latents(codes)
    require_varied_factors(factors, factor_names)
    return discrete_mutual_information(make_discretizer(codes), factors)


def gaps(mutual_information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """The gap of each factor, `[num_factors]`.

    Args:
        mutual_information: `[num_latents, num_factors]`.
        entropy: of the factors, `[num_factors]`.
    """
    ranked = np.sort(mutual_information, axis=0)
    return (ranked[-1] - ranked[-2]) / entropy
