import numpy as np
import scipy.stats
import tensorflow as tf

from tfdis.keys import normal, step_key, subkey, uniform


def test_uniform_and_normal_draws_are_what_they_are_called():
    key = step_key(3, 5)
    draws = uniform([200_000], key).numpy()
    assert 0 < draws.min() < draws.max() < 1
    assert scipy.stats.kstest(draws, "uniform").pvalue > 1e-3
    assert scipy.stats.kstest(normal([200_000], key).numpy(), "norm").pvalue > 1e-3


def test_the_ends_of_the_uniform_draws_give_finite_normals():
    ends = tf.constant([0.5 * 2.0**-23, 1 - 0.5 * 2.0**-23])
    np.testing.assert_allclose(tf.math.ndtri(ends), scipy.stats.norm.ppf(ends), rtol=1e-4)


def test_xla_draws_the_same():
    key = step_key(3, 5)
    for draw in (uniform, normal):
        plain = tf.function(lambda key, draw=draw: draw([64, 10], key))(key)
        xla = tf.function(lambda key, draw=draw: draw([64, 10], key), jit_compile=True)(key)
        np.testing.assert_allclose(plain, xla, rtol=1e-4, atol=1e-5)


def test_seeds_steps_and_salts_give_other_draws():
    keys = [step_key(0, 0), step_key(0, 1), step_key(1, 0), subkey(step_key(0, 0), 1)]
    draws = np.stack([normal([1000], key) for key in keys])
    assert np.abs(np.corrcoef(draws) - np.eye(4)).max() < 0.15
