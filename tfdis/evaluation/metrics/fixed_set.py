"""A fixed labelled set, as the `*_validation` metrics get it."""

from collections.abc import Callable

import numpy as np

from tfdis.errors import UserError


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
    if not np.isfinite(codes).all():
        raise UserError("The representation gave codes that are not finite (NaN or infinite).")
    return codes, np.transpose(labels)


def split(
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
