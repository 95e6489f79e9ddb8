"""Unsupervised disentanglement ranking of models, under disentanglement_lib's gin name."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.metrics.udr import Correlation, Nats, gaussian_kl, udr

PosteriorFunction = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@configurable(
    "udr_sklearn", denylist=["ground_truth_data", "representation_functions", "random_state"]
)
def udr_sklearn(
    ground_truth_data: Any,
    representation_functions: Sequence[PosteriorFunction],
    random_state: np.random.RandomState,
    batch_size: Count = gin.REQUIRED,
    num_data_points: Count = gin.REQUIRED,
    correlation_matrix: Correlation = "lasso",
    filter_low_kl: bool = True,
    include_raw_correlations: bool = True,
    kl_filter_threshold: Nats = 0.01,
) -> dict[str, Any]:
    """`udr` of the codes of drawn images.

    Args:
        ground_truth_data: see `DataSource`; only its images are used.
        representation_functions: one per model, from images to codes `[batch, num_latents]` and the
            KL divergence of each latent, in nats, `[num_latents]`; see `mean_and_kl`.
        random_state: where the images are drawn from.
        batch_size: how many images are drawn at a time.
        num_data_points: how many images in all, a multiple of batch_size.
        correlation_matrix: see `udr`.
        filter_low_kl: see `udr`.
        include_raw_correlations: see `udr`.
        kl_filter_threshold: see `udr`.

    Returns:
        see `udr`.

    Raises:
        UserError: fewer than two models, models of different sizes, or parameters that do not fit.
    """
    if num_data_points % batch_size:
        raise UserError(
            "udr_sklearn.num_data_points must be a multiple of udr_sklearn.batch_size; "
            f"received {num_data_points} and {batch_size}."
        )
    codes: list[list[np.ndarray]] = [[] for _ in representation_functions]
    divergences: list[list[np.ndarray]] = [[] for _ in representation_functions]
    for _ in range(num_data_points // batch_size):
        images = ground_truth_data.sample_observations(batch_size, random_state)
        for model, function in enumerate(representation_functions):
            mean, divergence = function(images)
            codes[model].append(mean)
            divergences[model].append(divergence)
    return udr(
        [np.concatenate(batches) for batches in codes],
        [np.mean(batches, axis=0) for batches in divergences],
        correlation_matrix,
        filter_low_kl,
        include_raw_correlations,
        kl_filter_threshold,
    )


def mean_and_kl(
    mean_and_log_variance: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> PosteriorFunction:
    """The function that `udr_sklearn` needs, from an encoder: `tfdis.load(model_dir).encode`.

    The KL divergence of each latent from the standard normal prior is the mean over the batch.
    """

    def function(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        mean, log_variance = (np.asarray(part) for part in mean_and_log_variance(images))
        return mean, gaussian_kl(mean, log_variance)

    return function
