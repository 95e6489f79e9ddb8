import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdis import distributions
from tfdis.distributions.mixture_prior import MixtureOfGaussians
from tfdis.distributions.priors import StandardLaplace, StandardNormal
from tfdis.distributions.vamp_prior import VampPrior

SHAPE = (4, 4, 1)


def posterior_of(images):
    """Means and log variances that are linear in the pixels."""
    weights = np.random.RandomState(5).normal(size=(16, 10)).astype(np.float32) / 4
    moments = tf.reshape(images, [-1, 16]) @ weights
    return distributions.diagonal_gaussian(moments[:, :5], moments[:, 5:])


@pytest.mark.parametrize(
    ("prior", "exact"),
    [(StandardNormal(), scipy.stats.norm()), (StandardLaplace(2.0), scipy.stats.laplace(scale=2))],
)
def test_standard_priors_equal_scipy(prior, exact, arrays):
    prior.prepare(5, SHAPE)
    found = prior.distribution(posterior_of).log_prob(arrays["z"])
    np.testing.assert_allclose(found, exact.logpdf(arrays["z"]).sum(axis=1), rtol=1e-5)


def test_mixture_equals_scipy(arrays):
    prior = MixtureOfGaussians(3)
    prior.prepare(5, SHAPE)
    random_state = np.random.RandomState(1)
    prior.log_variance.assign(random_state.normal(size=(3, 5)))
    prior.logits.assign([0.0, 1.0, -1.0])
    weights = scipy.special.log_softmax([0.0, 1.0, -1.0])
    means, deviations = prior.mean.numpy(), np.exp(prior.log_variance.numpy() / 2)
    components = scipy.stats.norm(means, deviations).logpdf(arrays["z"][:, None]).sum(axis=2)
    expected = scipy.special.logsumexp(weights + components, axis=1)
    found = prior.distribution(posterior_of).log_prob(arrays["z"])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_vamp_prior_is_the_mean_of_the_posteriors_of_its_images(arrays):
    prior = VampPrior(7)
    prior.prepare(5, SHAPE)
    images = scipy.special.expit(prior.logits.numpy())
    posterior = posterior_of(tf.constant(images))
    mean, deviation = posterior.mean().numpy(), posterior.stddev().numpy()
    components = scipy.stats.norm(mean, deviation).logpdf(arrays["z"][:, None]).sum(axis=2)
    expected = scipy.special.logsumexp(components, axis=1) - np.log(7)
    found = prior.distribution(posterior_of).log_prob(arrays["z"])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("prior", "num_variables"), [(MixtureOfGaussians(3), 3), (VampPrior(4), 1)]
)
def test_all_that_is_learned_gets_a_gradient_from_the_divergence(prior, num_variables, arrays):
    prior.prepare(5, SHAPE)
    posterior = distributions.diagonal_gaussian(arrays["mean"], arrays["log_variance"])
    with tf.GradientTape() as tape:
        found = distributions.kl_divergence(
            posterior, prior.distribution(posterior_of), tf.constant(arrays["z"])
        )
        loss = tf.reduce_mean(found)
    gradients = tape.gradient(loss, [variable.value for variable in prior.trainable_variables])
    assert len(gradients) == num_variables
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)


@pytest.mark.parametrize("prior", [StandardLaplace(2.0), MixtureOfGaussians(3), VampPrior(4)])
def test_is_made_again_from_its_config(prior, arrays):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(prior))
    for each in (prior, again):
        each.prepare(5, SHAPE)
    again.set_weights(prior.get_weights())
    found, expected = (
        each.distribution(posterior_of).log_prob(arrays["z"]) for each in (again, prior)
    )
    np.testing.assert_array_equal(found, expected)
