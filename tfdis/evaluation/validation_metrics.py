"""Metrics of a fixed labelled set, as disentanglement_lib calls them.

Each is `f(observations, labels, representation_function, **parameters)`, with observations
`[samples, ...]`, labels `[num_factors, samples]` and codes that the function makes of observations.
"""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count, Fraction
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.metrics.arrays import checked_codes
from tfdis.metrics.dci import dci
from tfdis.metrics.discretizer import make_discretizer
from tfdis.metrics.mig import mig
from tfdis.metrics.sap_score import sap_score
from tfdis.metrics.unified_scores import unified_scores

_ARGUMENTS = ["observations", "labels", "representation_function"]


@configurable("mig_validation", denylist=_ARGUMENTS)
def mig_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    batch_size: Count = 100,
) -> dict[str, Any]:
    """`mig` of a fixed labelled set; arguments as `codes_and_factors`."""
    points = codes_and_factors(observations, labels, representation_function, batch_size)
    return mig(*points, discretizer=make_discretizer)


@configurable("dci_validation", denylist=_ARGUMENTS)
def dci_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: Fraction = gin.REQUIRED,
    batch_size: Count = 100,
) -> dict[str, Any]:
    """`dci` of a fixed labelled set.

    For the arguments see `codes_and_factors` and `train_and_test`.
    """
    points = codes_and_factors(observations, labels, representation_function, batch_size)
    return dci(*train_and_test(*points, train_percentage), random_state=None)


@configurable("sap_score_validation", denylist=_ARGUMENTS)
def sap_score_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: Fraction = gin.REQUIRED,
    continuous_factors: bool = gin.REQUIRED,
    batch_size: Count = 100,
) -> dict[str, Any]:
    """`sap_score` of a fixed labelled set.

    For the arguments see `codes_and_factors` and `train_and_test`.
    """
    points = codes_and_factors(observations, labels, representation_function, batch_size)
    return sap_score(
        *train_and_test(*points, train_percentage), continuous_factors, random_state=None
    )


@configurable("unified_score_validation", denylist=_ARGUMENTS)
def unified_score_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: Fraction = gin.REQUIRED,
    matrix_fns: Sequence[Callable] = gin.REQUIRED,
    batch_size: Count = 100,
) -> dict[str, Any]:
    """`unified_scores` of a fixed labelled set.

    For the arguments see `codes_and_factors` and `train_and_test`.
    """
    points = codes_and_factors(observations, labels, representation_function, batch_size)
    return unified_scores(*train_and_test(*points, train_percentage), matrix_fns)


def codes_and_factors(
    observations: np.ndarray, labels: np.ndarray, representation_function: Callable, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The codes of the observations, `[samples, num_latents]`, and `[samples, num_factors]`.

    Args:
        observations: `[samples, ...]`.
        labels: `[num_factors, samples]`.
        representation_function: observations to codes.
        batch_size: how many are encoded at a time.

    Raises:
        UserError: there is not one column of labels, or not one finite code, per observation.
    """
    batches = [
        representation_function(observations[start : start + batch_size])
        for start in range(0, len(observations), batch_size)
    ]
    codes = np.concatenate(batches)
    if labels.shape[1] != len(observations) or len(codes) != len(observations):
        raise UserError(
            f"{len(observations)} observations need labels [num_factors, {len(observations)}] and "
            f"as many codes; there are labels {list(labels.shape)} and {len(codes)} codes."
        )
    return checked_codes(codes), np.transpose(labels)


def train_and_test(
    codes: np.ndarray, factors: np.ndarray, train_percentage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Codes and factors to train on (the first), and codes and factors to test on (the rest).

    Args:
        codes: `[samples, num_latents]`.
        factors: `[samples, num_factors]`.
        train_percentage: the share to train on, in (0, 1).
    """
    num_train = int(np.ceil(len(codes) * train_percentage))
    if num_train == len(codes):
        raise UserError(
            f"A train_percentage of {train_percentage} leaves none of {len(codes)} samples to test."
        )
    return codes[:num_train], factors[:num_train], codes[num_train:], factors[num_train:]
