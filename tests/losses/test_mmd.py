import dataclasses
import itertools

import numpy as np
import scipy.spatial.distance
import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.distributions import draws_from, standard_normal
from tfdis.keys import Salt, subkey
from tfdis.losses.mmd import MMD, mean_kernel


def kernel(x, y):
    return np.exp(-scipy.spatial.distance.cdist(x, y, "sqeuclidean") / x.shape[1] ** 2).mean()


def test_mean_kernel_equals_scipy(arrays):
    x, y = arrays["z"], arrays["second_z"][:7]
    np.testing.assert_allclose(mean_kernel(tf.constant(x), tf.constant(y)), kernel(x, y), rtol=1e-5)


def test_equals_the_formula_on_many_draws(batch, arrays):
    """The prior's draws are the term's own, so two independent estimates meet only nearly."""
    draws = np.random.RandomState(1).normal(size=(4000, 5))
    z = arrays["z"].astype(np.float64)
    expected = kernel(draws, draws) + kernel(z, z) - 2 * kernel(draws, z)
    np.testing.assert_allclose(MMD(num_draws=4000)(outputs=batch), expected, atol=2e-3)


def test_is_near_zero_for_the_prior_and_grows_with_the_distance(batch):
    z = tf.constant(np.random.RandomState(2).normal(size=(2000, 5)), tf.float32)
    near = float(MMD()(outputs=dataclasses.replace(batch, z=z)))
    far = float(MMD()(outputs=dataclasses.replace(batch, z=z + 1.0)))
    assert abs(near) < 2e-3
    assert far > 20 * abs(near)


def test_draws_follow_the_key(batch):
    other = dataclasses.replace(batch, key=tf.constant([1, 3]))
    assert float(MMD()(outputs=batch)) == float(MMD()(outputs=batch))
    assert float(MMD()(outputs=batch)) != float(MMD()(outputs=other))


def test_unbiased_equals_the_sums_over_different_rows():
    """Eq. 3 of Gretton et al. (2012), pair by pair, on the term's own draws."""
    prior = standard_normal(3)
    z = np.random.RandomState(0).normal(size=(7, 3)).astype(np.float32)
    outputs = Outputs(None, tf.constant(z), None, tf.constant(0), tf.constant([1, 2]), prior=prior)
    draws = draws_from(prior, 9, subkey(outputs.key, Salt.PRIOR_DRAWS)).numpy()

    def total(x, y, pairs):
        return sum(np.exp(-np.sum((x[i] - y[j]) ** 2) / 9) for i, j in pairs)

    expected = (
        total(draws, draws, itertools.permutations(range(9), 2)) / 72
        + total(z, z, itertools.permutations(range(7), 2)) / 42
        - 2 * total(draws, z, itertools.product(range(9), range(7))) / 63
    )
    found = MMD(num_draws=9, estimator="unbiased")(outputs=outputs)
    np.testing.assert_allclose(found, expected, atol=1e-5)
