import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis import distributions
from tfdis.errors import UserError

tfd = tfp.distributions


def scipy_posterior(family, arrays):
    mean, deviation = arrays["mean"].astype(np.float64), np.exp(arrays["log_variance"] / 2)
    if family is distributions.diagonal_gaussian:
        return mean, deviation, scipy.stats.norm
    return mean, deviation / np.sqrt(2), scipy.stats.laplace


@pytest.mark.parametrize(
    "family", [distributions.diagonal_gaussian, distributions.diagonal_laplace]
)
def test_density_and_moments_equal_scipy(family, arrays):
    loc, scale, reference = scipy_posterior(family, arrays)
    posterior = family(arrays["mean"], arrays["log_variance"])
    expected = reference(loc, scale).logpdf(arrays["z"]).sum(axis=1)
    np.testing.assert_allclose(posterior.log_prob(arrays["z"]), expected, rtol=1e-5)
    np.testing.assert_allclose(posterior.variance(), reference(loc, scale).var(), rtol=1e-5)
    np.testing.assert_allclose(
        distributions.log_variance(posterior), arrays["log_variance"], atol=1e-5
    )


@pytest.mark.parametrize(
    "family", [distributions.diagonal_gaussian, distributions.diagonal_laplace]
)
def test_pairwise_density_equals_scipy(family, arrays):
    loc, scale, reference = scipy_posterior(family, arrays)
    posterior = family(arrays["mean"], arrays["log_variance"])
    expected = reference(loc[None], scale[None]).logpdf(arrays["z"][:7, None])
    found = distributions.pairwise_log_density(posterior, tf.constant(arrays["z"][:7]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_a_pairwise_density_is_refused_where_there_is_none(arrays):
    correlated = tfd.MultivariateNormalTriL(arrays["mean"], tf.eye(5))
    with pytest.raises(UserError, match="independent of each other"):
        distributions.pairwise_log_density(correlated, arrays["z"])
    with pytest.raises(UserError, match="has no density"):
        distributions.pairwise_log_density(
            distributions.deterministic(arrays["mean"], arrays["log_variance"]), arrays["z"]
        )


@pytest.mark.parametrize(
    "family",
    [
        distributions.diagonal_gaussian,
        distributions.diagonal_laplace,
        distributions.deterministic,
    ],
)
def test_a_family_is_found_again_by_keras(family):
    serialized = keras.saving.serialize_keras_object(family)
    assert keras.saving.deserialize_keras_object(serialized, safe_mode=True) is family


@pytest.mark.parametrize(
    "family", [distributions.diagonal_gaussian, distributions.diagonal_laplace]
)
def test_draws_follow_the_distribution_and_the_key(family):
    mean, log_variance = np.array([1.0, -2.0]), np.array([0.5, -1.0])
    many = (np.tile(row, (20_000, 1)).astype(np.float32) for row in (mean, log_variance))
    loc, scale, reference = scipy_posterior(family, {"mean": mean, "log_variance": log_variance})
    posterior = family(*map(tf.constant, many))
    draws = distributions.draw(posterior, tf.constant([1, 2])).numpy()
    for latent in range(2):
        exact = reference(loc[latent], scale[latent])
        assert scipy.stats.kstest(draws[:, latent], exact.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(draws, distributions.draw(posterior, tf.constant([1, 2])))
    assert not np.array_equal(draws, distributions.draw(posterior, tf.constant([1, 3])))


def test_draws_of_any_other_distribution_have_a_gradient():
    mean = tf.constant([[0.5, 1.0]])
    with tf.GradientTape() as tape:
        tape.watch(mean)
        posterior = tfd.Independent(tfd.StudentT(4.0, mean, 1.0), 1)
        z = distributions.draw(posterior, tf.constant([1, 2]))
    np.testing.assert_allclose(tape.gradient(z, mean), np.ones([1, 2]), rtol=1e-6)


def test_a_deterministic_posterior_draws_its_mean(arrays):
    posterior = distributions.deterministic(arrays["mean"], arrays["log_variance"])
    np.testing.assert_array_equal(
        distributions.draw(posterior, tf.constant([1, 2])), arrays["mean"]
    )


@pytest.mark.parametrize(
    "family", [distributions.diagonal_gaussian, distributions.diagonal_laplace]
)
def test_draws_are_the_same_with_xla(family, arrays):
    def drawn(mean, log_variance):
        return distributions.draw(family(mean, log_variance), tf.constant([1, 2]))

    inputs = tf.constant(arrays["mean"]), tf.constant(arrays["log_variance"])
    plain, compiled = tf.function(drawn)(*inputs), tf.function(drawn, jit_compile=True)(*inputs)
    np.testing.assert_allclose(plain, compiled, rtol=1e-4, atol=1e-5)
