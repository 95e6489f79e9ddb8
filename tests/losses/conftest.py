import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.distributions import diagonal_gaussian, standard_normal


@pytest.fixture
def arrays():
    random_state = np.random.RandomState(0)
    return {
        "images": random_state.uniform(size=(16, 8, 8, 3)).astype(np.float32),
        "logits": random_state.normal(size=(16, 8, 8, 3)).astype(np.float32),
        "mean": random_state.normal(size=(16, 5)).astype(np.float32),
        "log_variance": random_state.normal(scale=0.7, size=(16, 5)).astype(np.float32),
        "z": random_state.normal(size=(16, 5)).astype(np.float32),
        "second_z": random_state.normal(size=(16, 5)).astype(np.float32),
    }


@pytest.fixture
def batch(arrays):
    tensors = {name: tf.constant(array) for name, array in arrays.items()}
    return Outputs(
        Inputs(tensors["images"]),
        logits=tensors["logits"],
        z=tensors["z"],
        posterior=diagonal_gaussian(tensors["mean"], tensors["log_variance"]),
        prior=standard_normal(5),
        step=tf.constant(30, tf.int64),
        key=tf.constant([1, 2]),
        extras={"second_z": tensors["second_z"]},
    )


@pytest.fixture
def mixed_float16():
    """Keras' mixed precision, as `model.mixed_precision` turns it on."""
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def dlib_vae(dlib15_path):
    """disentanglement_lib's own methods/unsupervised/vae.py."""
    from tfdis.evaluation.compat import disentanglement_lib

    return disentanglement_lib(dlib15_path).module("methods.unsupervised.vae")
