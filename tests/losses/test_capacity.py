import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.distributions import diagonal_gaussian
from tfdis.losses.capacity import Capacity
from tfdis.schedules import LinearSchedule


@pytest.mark.parametrize("step", [0, 30, 99, 100, 1000])
def test_equals_disentanglement_lib(batch, arrays, dlib_vae, step):
    batch = dataclasses.replace(batch, step=tf.constant(step, tf.int64))
    kl = dlib_vae.compute_gaussian_kl(arrays["mean"], arrays["log_variance"])
    capacity = dlib_vae.anneal(25.0, step, 100)
    term = Capacity(capacity=LinearSchedule(0.0, 25.0, 100))
    np.testing.assert_allclose(term(outputs=batch), abs(kl - capacity), rtol=1e-5)


def test_a_number_is_a_constant_capacity(batch, arrays):
    mean, log_variance = arrays["mean"], arrays["log_variance"]
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=1).mean()
    np.testing.assert_allclose(Capacity(capacity=7.0)(outputs=batch), abs(kl - 7.0), rtol=1e-5)


def test_the_distance_is_that_of_all_replicas_mean(batch):
    """Halves on both sides of C are apart from it, and their mean need not be."""
    halves = [
        dataclasses.replace(batch, posterior=diagonal_gaussian(mean * tf.ones([8, 5]), tf.zeros(5)))
        for mean in (0.0, 2.0)
    ]
    term = Capacity(capacity=5.0)
    np.testing.assert_allclose([term(outputs=half) for half in halves], 5.0, rtol=1e-5)
    both = diagonal_gaussian(tf.repeat([[0.0], [2.0]], 8, axis=0) * tf.ones(5), tf.zeros(5))
    np.testing.assert_allclose(
        term(outputs=dataclasses.replace(batch, posterior=both)), 0.0, atol=1e-5
    )
    assert term.needs_whole_batch


def test_is_made_again_from_its_config(batch):
    term = Capacity(LinearSchedule(1.0, 3.0, 60), capacity=LinearSchedule(0.0, 25.0, 100))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(term))
    assert float(again(outputs=batch)) == float(term(outputs=batch))
    assert float(again.at("weight", batch.step)) == float(term.at("weight", batch.step)) == 2.0
