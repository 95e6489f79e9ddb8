"""Codes in bins, so that mutual information can be counted."""

from collections.abc import Callable

import gin
import numpy as np

from tfdis.config import configurable


@configurable("discretizer", denylist=["target"])
def make_discretizer(
    target: np.ndarray, num_bins: int = gin.REQUIRED, discretizer_fn: Callable = gin.REQUIRED
) -> np.ndarray:
    """Discretizes codes with the configured function.

    Args:
        target: numbers, `[samples, columns]`.
        num_bins: into how many bins.
        discretizer_fn: such as `histogram_discretizer`.

    Returns:
        the number of each one's bin, `[samples, columns]`.
    """
    return discretizer_fn(target, num_bins)


@configurable("histogram_discretizer", denylist=["target"])
def histogram_discretizer(target: np.ndarray, num_bins: int = gin.REQUIRED) -> np.ndarray:
    """Bins of equal width between a column's least and largest value, numbered from 1.

    Args:
        target: numbers, `[samples, columns]`.
        num_bins: how many bins.
    """
    discretized = np.zeros_like(target)
    for i, column in enumerate(target.T):
        edges = np.histogram(column, num_bins)[1]
        discretized[:, i] = np.digitize(column, edges[:-1])
    return discretized
