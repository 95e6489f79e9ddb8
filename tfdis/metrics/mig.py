"""Mutual information gap (Chen et al., "Isolating sources of disentanglement", 2018, eq. 6)."""

from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked, require_two_latents
from tfdis.metrics.discretizer import Discretizer, histogram_discretizer, make_discretizer
from tfdis.metrics.information import Estimator, mutual_information
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source


def mig(
    codes: np.ndarray,
    factors: np.ndarray,
    continuous: Continuous = None,
    estimator: Estimator = "bins",
    discretizer: Discretizer = histogram_discretizer,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """The gap in information on a factor between the two best latents, in shares of H(factor).

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.
        continuous: see `checked_factors`.
        estimator: see `mutual_information`.
        discretizer: puts codes, and continuous factors, into bins.
        random_state: for the estimator "neighbours".

    Returns:
        discrete_mig: the mean over factors; with continuous factors also
        mutual_information_estimator. The matrix is `mutual_information`, in nats.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    codes, factors, continuous = checked(codes, factors, continuous)
    require_two_latents(codes)
    information, entropy = mutual_information(
        codes, factors, continuous, estimator, discretizer, random_state
    )
    scores: dict[str, Any] = {"discrete_mig": np.mean(gaps(information, entropy))}
    if any(continuous) or estimator != "bins":
        scores["mutual_information_estimator"] = estimator
    return Scores(scores, mutual_information=information)


@metric("mig")
def _mig(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    batch_size: Count = 16,
    estimator: Estimator = "bins",
) -> Scores:
    """`mig` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points.
        batch_size: how many are drawn at a time.
        estimator: see `mig`.
    """
    codes, factors = source.points(num_train, random_state, batch_size)
    return mig(codes, factors, source.continuous, estimator, make_discretizer, random_state)


def gaps(mutual_information: np.ndarray, entropy: np.ndarray) -> np.ndarray:
    """The gap of each factor, `[num_factors]`.

    Args:
        mutual_information: `[num_latents, num_factors]`.
        entropy: of the factors, `[num_factors]`.
    """
    ranked = np.sort(mutual_information, axis=0)
    return (ranked[-1] - ranked[-2]) / entropy
