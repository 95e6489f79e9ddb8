import dataclasses

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.distributions import diagonal_gaussian
from tfdis.errors import UserError
from tfdis.losses.total_correlation import TotalCorrelation, stratified_log_weights


def log_densities(arrays):
    """log q(z_l(x_j) | x_i) by scipy, [j, i, l]."""
    deviation = np.exp(arrays["log_variance"].astype(np.float64) / 2)
    return scipy.stats.norm(arrays["mean"][None], deviation[None]).logpdf(arrays["z"][:, None])


def test_minibatch_equals_disentanglement_lib(batch, arrays, dlib_vae):
    expected = dlib_vae.total_correlation(arrays["z"], arrays["mean"], arrays["log_variance"])
    np.testing.assert_allclose(TotalCorrelation()(outputs=batch), expected, rtol=1e-5)


def test_minibatch_equals_scipy(batch, arrays):
    log_density = log_densities(arrays)
    log_qz = scipy.special.logsumexp(log_density.sum(axis=2), axis=1)
    log_product = scipy.special.logsumexp(log_density, axis=1).sum(axis=1)
    np.testing.assert_allclose(
        TotalCorrelation()(outputs=batch), (log_qz - log_product).mean(), rtol=1e-5
    )


def test_stratified_equals_the_papers_sum(batch, arrays):
    """Appendix C.2 of Chen et al. (2018), image by image."""
    num_images, others = 1000, 15
    density = np.exp(log_densities(arrays))
    terms = []
    for j in range(16):
        order = [(j + offset) % 16 for offset in range(1, 16)]
        weights = {j: 1 / num_images, order[0]: (num_images - others) / (num_images * others)}
        weights |= dict.fromkeys(order[1:], 1 / others)
        joint = sum(weights[i] * np.prod(density[j, i]) for i in range(16))
        marginals = sum(weights[i] * density[j, i] for i in range(16))
        terms.append(np.log(joint) - np.log(marginals).sum())
    term = TotalCorrelation(estimator="stratified", num_images=num_images)
    np.testing.assert_allclose(term(outputs=batch), np.mean(terms), rtol=1e-5)


def test_stratified_weights_of_an_image_sum_to_one():
    weights = np.exp(stratified_log_weights(16, 1000))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-6)


def test_stratified_estimates_what_is_known_of_a_gaussian():
    """q(z) of 256 images whose means are correlated is near a Gaussian of known correlation."""
    random_state = np.random.RandomState(0)
    mean = random_state.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], size=256)
    log_variance = np.full((256, 2), np.log(0.25))
    z = mean + 0.5 * random_state.normal(size=mean.shape)
    posterior = diagonal_gaussian(
        tf.constant(mean, tf.float32), tf.constant(log_variance, tf.float32)
    )
    batch = _batch_of(z, posterior)
    correlation = 0.8 / 1.25
    known = -0.5 * np.log(1 - correlation**2)
    estimate = TotalCorrelation(estimator="stratified", num_images=10**6)(outputs=batch)
    np.testing.assert_allclose(estimate, known, atol=0.1)


def _batch_of(z, posterior):
    z = tf.constant(z, tf.float32)
    return Outputs(Inputs(None), z, None, tf.constant(0), tf.constant([0, 0]), posterior)


def test_does_not_overflow_far_from_the_posterior(batch):
    far = dataclasses.replace(batch, z=batch.z + 100.0)
    assert np.isfinite(TotalCorrelation()(outputs=far))


def test_stratified_without_a_size_says_so():
    with pytest.raises(UserError, match="num_images"):
        TotalCorrelation(estimator="stratified").prepare(num_latents=5, num_images=None)


def test_an_unknown_estimator_says_which_there_are():
    with pytest.raises(UserError, match="'minibatch' or 'stratified'"):
        TotalCorrelation(estimator="monte_carlo")
