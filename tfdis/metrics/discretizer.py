"""Codes in bins, so that mutual information can be counted."""

from collections.abc import Callable
from typing import Annotated

import gin
import numpy as np
from annotated_types import Ge

from tfdis.config import configurable, external_configurable

Discretizer = Callable[[np.ndarray], np.ndarray]
NumBins = Annotated[int, Ge(1)]


def histogram_discretizer(target: np.ndarray, num_bins: NumBins = 20) -> np.ndarray:
    """Bins of equal width between a column's least and largest value, numbered from 1.

    Args:
        target: numbers, `[samples, columns]`.
        num_bins: how many bins; disentanglement_lib's studies have 20.

    Returns:
        the number of each one's bin, `[samples, columns]`.
    """
    discretized = np.zeros_like(target)
    for i, column in enumerate(target.T):
        edges = _edges(column, num_bins)
        discretized[:, i] = np.digitize(column, edges[:-1])
    return discretized


def _edges(column: np.ndarray, num_bins: int) -> np.ndarray:
    try:
        return np.histogram_bin_edges(column, num_bins)
    except ValueError:
        # Codes of a collapsed latent differ by rounding: single precision has no room for the bins.
        return np.histogram_bin_edges(column.astype(np.float64), num_bins)


external_configurable(histogram_discretizer, "histogram_discretizer", denylist=["target"])


@configurable("discretizer", denylist=["target"])
def make_discretizer(
    target: np.ndarray, num_bins: NumBins = gin.REQUIRED, discretizer_fn: Callable = gin.REQUIRED
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
