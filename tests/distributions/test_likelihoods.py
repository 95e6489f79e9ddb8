import numpy as np
import scipy.integrate
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdis.distributions import likelihoods

_RANDOM = np.random.RandomState(0)
IMAGES = _RANDOM.uniform(size=(6, 4, 4, 3)).astype(np.float32)
LOGITS = _RANDOM.normal(scale=3.0, size=(6, 4, 4, 3)).astype(np.float32)
PIXELS = scipy.special.expit(LOGITS)


def test_continuous_bernoulli_is_the_bernoulli_over_its_integral():
    """Also where lambda is 1/2, the removable singularity of the constant's closed form."""
    logits = np.concatenate([LOGITS.ravel()[:20], [0.0, 1e-4, -1e-3, 15.0, -15.0]])
    images = np.linspace(0, 1, 25)

    def integral(logit):
        return scipy.integrate.quad(lambda x: np.exp(x * logit - np.logaddexp(0, logit)), 0, 1)[0]

    constants = np.array([np.log(integral(logit)) for logit in logits])
    expected = images * logits - np.logaddexp(0, logits) - constants
    found = likelihoods.continuous_bernoulli(
        tf.constant(logits.reshape(-1, 1, 1, 1), tf.float32)
    ).log_prob(images.reshape(-1, 1, 1, 1).astype(np.float32))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_gaussian_and_laplace_equal_scipy():
    expected = scipy.stats.norm(PIXELS, 0.3).logpdf(IMAGES).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(
        likelihoods.gaussian(PIXELS, 0.3).log_prob(IMAGES), expected, rtol=1e-5
    )
    expected = scipy.stats.laplace(PIXELS, 0.3).logpdf(IMAGES).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(
        likelihoods.laplace(PIXELS, 0.3).log_prob(IMAGES), expected, rtol=1e-5
    )


def test_the_optimal_sigma_is_the_most_likely():
    sigma = float(likelihoods.optimal_sigma(IMAGES, PIXELS))

    def likelihood(value):
        return scipy.stats.norm(PIXELS, value).logpdf(IMAGES).sum()

    assert likelihood(sigma) > max(likelihood(0.99 * sigma), likelihood(1.01 * sigma))
    np.testing.assert_allclose(sigma, np.sqrt(((IMAGES - PIXELS) ** 2).mean()), rtol=1e-5)
    np.testing.assert_allclose(likelihoods.optimal_sigma(PIXELS, PIXELS), np.exp(-6), rtol=1e-5)
