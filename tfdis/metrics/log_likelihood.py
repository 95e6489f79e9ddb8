"""How likely images are under a VAE."""

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.metric import metric
from tfdis.metrics.source import Source


def log_likelihood(bounds: np.ndarray) -> dict[str, float]:
    """The mean of bounds of log p(x).

    Args:
        bounds: one per image in nats, `[samples]`; see `TrainedModel.log_likelihood`.

    Returns:
        log_likelihood, the mean in nats, and log_likelihood_standard_error, that of the mean over
        images.
    """
    bounds = np.asarray(bounds, np.float64)
    return {
        "log_likelihood": float(np.mean(bounds)),
        "log_likelihood_standard_error": float(np.std(bounds) / np.sqrt(len(bounds))),
    }


@metric("log_likelihood")
def _log_likelihood(
    source: Source,
    random_state: np.random.RandomState,
    num_test: Count = gin.REQUIRED,
    num_samples: Count = 100,
) -> dict[str, float]:
    """`log_likelihood` of drawn images, by importance sampling (IWAE; Burda et al., 2016, Eq. 8).

    Of a conditional model, of log p(x | labels) with the labels that it infers. A bound rises with
    the number of samples, so that two models are compared at one number.

    Args:
        source: where images and their bounds come from.
        random_state: what images are drawn with, and the seeds of their codes.
        num_test: how many images.
        num_samples: k, how many codes are drawn for each image.

    Raises:
        UserError: there is no model that has a likelihood.
    """
    return log_likelihood(source.log_likelihoods(num_test, num_samples, random_state))
