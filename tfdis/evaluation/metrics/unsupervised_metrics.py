"""Scores that need no factors: how much the latents have to do with one another."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.metric import metric, require_two_latents
from tfdis.evaluation.metrics.discretizer import make_discretizer
from tfdis.evaluation.metrics.information import discrete_mutual_information
from tfdis.evaluation.sources import source_of


@metric
def unsupervised_metrics(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """Total correlation, Wasserstein correlation and mutual information among latents.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        num_train: how many points.
        batch_size: how many are drawn at a time.

    Returns:
        gaussian_total_correlation (NaN where a latent is dead), gaussian_wasserstein_correlation
        and the same as a share of the total variance (.._norm), mutual_info_score: the mean over
        pairs of latents.
    """
    source = source_of(ground_truth_data, representation_function)
    codes, _ = source.points(num_train, random_state, batch_size)
    require_two_latents(codes)
    covariance = np.cov(codes.T)
    wasserstein = gaussian_wasserstein_correlation(covariance)
    discrete = make_discretizer(codes)
    information = discrete_mutual_information(discrete, discrete)
    np.fill_diagonal(information, 0)
    num_codes = len(information)
    return {
        "gaussian_total_correlation": gaussian_total_correlation(covariance),
        "gaussian_wasserstein_correlation": wasserstein,
        "gaussian_wasserstein_correlation_norm": wasserstein / np.trace(covariance),
        "mutual_info_score": np.sum(information) / (num_codes**2 - num_codes),
    }


def gaussian_total_correlation(covariance: np.ndarray) -> float:
    """KL of a Gaussian from the product of its marginals, in nats.

    Args:
        covariance: `[num_latents, num_latents]`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # a dead latent has variance 0
        log_variances = np.sum(np.log(np.diag(covariance)))
        return 0.5 * (log_variances - np.linalg.slogdet(covariance)[1])


def gaussian_wasserstein_correlation(covariance: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of a Gaussian from the product of its marginals.

    Args:
        covariance: `[num_latents, num_latents]`.
    """
    from scipy.linalg import sqrtm

    root = sqrtm(covariance * np.diag(covariance)[:, None])
    # The product of two covariances has real roots; rounding may leave imaginary ones of size 0.
    return float(np.real(2 * np.trace(covariance) - 2 * np.trace(root)))
