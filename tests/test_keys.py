import re
from pathlib import Path

import numpy as np
import scipy.stats
import tensorflow as tf

import tfdis
from tfdis.keys import Salt, normal, step_key, subkey, uniform


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


def test_a_salt_is_the_same_as_a_number_and_as_a_tensor():
    key = step_key(3, 5)
    expected = tf.random.experimental.stateless_fold_in(key, 0x1D5, alg="philox").numpy()
    for salt in (Salt.INDICES, 0x1D5, tf.constant(0x1D5)):
        np.testing.assert_array_equal(subkey(key, salt), expected)


def test_no_salt_is_written_where_it_is_used():
    for path in (Path(tfdis.__file__).parent).rglob("*.py"):
        assert not re.search(r"subkey\([^()]*, (\d|0x)", path.read_text()), path
        assert path.name == "keys.py" or "stateless_fold_in" not in path.read_text(), path
