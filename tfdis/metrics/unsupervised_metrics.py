"""Scores that need no factors: the dependence among the latents."""

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import checked_codes, require_samples, require_two_latents
from tfdis.metrics.discretizer import Discretizer, histogram_discretizer, make_discretizer
from tfdis.metrics.information import discrete_mutual_information
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source


def unsupervised_metrics(
    codes: np.ndarray, discretizer: Discretizer = histogram_discretizer
) -> Scores:
    """Total correlation, Wasserstein correlation and mutual information among latents.

    Args:
        codes: `[samples, num_latents]`.
        discretizer: puts codes into bins.

    Returns:
        gaussian_total_correlation (NaN where a latent is dead), gaussian_wasserstein_correlation
        and the same as a share of the total variance (.._norm), mutual_info_score: the mean over
        pairs of latents.

    Raises:
        UserError: the codes cannot be scored; see `checked_codes`.
    """
    codes = checked_codes(codes)
    require_two_latents(codes)
    require_samples(codes)
    covariance = np.cov(codes.T)
    wasserstein = gaussian_wasserstein_correlation(covariance)
    discrete = discretizer(codes)
    information = discrete_mutual_information(discrete, discrete)
    np.fill_diagonal(information, 0)
    num_codes = len(information)
    return Scores(
        {
            "gaussian_total_correlation": gaussian_total_correlation(covariance),
            "gaussian_wasserstein_correlation": wasserstein,
            "gaussian_wasserstein_correlation_norm": wasserstein / np.trace(covariance),
            "mutual_info_score": np.sum(information) / (num_codes**2 - num_codes),
        }
    )


@metric("unsupervised_metrics")
def _unsupervised_metrics(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`unsupervised_metrics` of drawn points.

    Args:
        source: where codes come from.
        random_state: what the points are drawn with.
        num_train: how many points.
        batch_size: how many are drawn at a time.
    """
    codes, _ = source.points(num_train, random_state, batch_size)
    return unsupervised_metrics(codes, make_discretizer)


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
