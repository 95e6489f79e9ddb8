"""How a representation is extracted from a Gaussian encoder.

A method is `f(ground_truth_data, gaussian_encoder, random_state, save_path)`, called as in
disentanglement_lib: it may encode data to find out what it needs. It returns `transform(mean,
logvar)`, which becomes a part of the saved graph.
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfdis.config import configurable

Transform = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]

_ARGUMENTS = ["ground_truth_data", "gaussian_encoder", "random_state", "save_path"]


@configurable("mean_representation", denylist=_ARGUMENTS)
def mean_representation(
    ground_truth_data: Any,
    gaussian_encoder: Callable[[np.ndarray], dict[str, np.ndarray]],
    random_state: np.random.RandomState,
    save_path: str | os.PathLike,
) -> Transform:
    """The posterior's mean.

    Args:
        ground_truth_data: unused.
        gaussian_encoder: unused.
        random_state: unused.
        save_path: unused.
    """
    del ground_truth_data, gaussian_encoder, random_state, save_path
    return lambda mean, logvar: mean


@configurable("sampled_representation", denylist=_ARGUMENTS)
def sampled_representation(
    ground_truth_data: Any,
    gaussian_encoder: Callable[[np.ndarray], dict[str, np.ndarray]],
    random_state: np.random.RandomState,
    save_path: str | os.PathLike,
) -> Transform:
    """A draw from the posterior, another one at each call.

    Args:
        ground_truth_data: unused.
        gaussian_encoder: unused.
        random_state: seeds the draws.
        save_path: unused.
    """
    del ground_truth_data, gaussian_encoder, save_path
    seed = random_state.randint(2**31 - 1)

    def transform(mean: tf.Tensor, logvar: tf.Tensor) -> tf.Tensor:
        return mean + tf.exp(logvar / 2) * tf.random.normal(tf.shape(mean), seed=seed)

    transform.draws_from_gaussian = True
    return transform
