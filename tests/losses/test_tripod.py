import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfdis.losses.hessian_penalty import normalized_hessian_penalty
from tfdis.losses.latent_multiinformation import latent_multiinformation, spread_of


def test_multiinformation_equals_the_papers_code(quantized_latents):
    reference = quantized_latents["klm"]
    spread = spread_of(tf.constant(reference["z_c"]))
    found = latent_multiinformation(tf.constant(reference["z_q"]), spread)
    np.testing.assert_allclose(found, reference["values"], rtol=1e-5)


def test_the_spread_is_numpys_and_has_a_gradient_where_all_codes_are_equal():
    z = np.random.RandomState(0).normal(size=(20, 3)).astype(np.float32)
    np.testing.assert_allclose(spread_of(tf.constant(z)), z.std(axis=0) + 1e-6, rtol=1e-6)
    codes = tf.zeros([4, 3])
    with tf.GradientTape() as tape:
        tape.watch(codes)
        found = tf.reduce_sum(latent_multiinformation(codes, spread_of(codes)))
    np.testing.assert_array_equal(tape.gradient(found, codes), 0)


def test_multiinformation_equals_scipys_densities():
    """scipy's joint kernel estimate has Silverman's factor too, on whitened latents."""
    z = np.random.RandomState(0).normal(size=(50, 3))
    z = np.linalg.qr(z - z.mean(axis=0))[0]
    spread = z.std(axis=0)
    joint = scipy.stats.gaussian_kde(z.T, "silverman")
    factor = np.sqrt(50 / 49)  # scipy's covariance has n - 1 below
    z32 = tf.constant(z, tf.float32)
    found = latent_multiinformation(z32, tf.constant(spread * factor, tf.float32))
    marginals = [
        scipy.stats.norm(z[:, i], spread[i] * factor).pdf(z[:, i : i + 1]).mean(axis=1)
        for i in range(3)
    ]
    expected = joint.logpdf(z.T) - np.log(marginals).sum(axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_hessian_penalty_equals_the_papers_code(quantized_latents):
    reference = quantized_latents["nhp"]
    weights, more = tf.constant(reference["W"]), tf.constant(reference["V"])

    def activations(z):
        hidden = tf.tanh(z @ weights)
        return [hidden, tf.sin(hidden @ more)]

    signs, normals = (
        tf.transpose(tf.constant(reference[name]), [1, 0, 2]) for name in ("rademacher", "normal")
    )
    found = normalized_hessian_penalty(
        activations, tf.constant(reference["z"]), tf.constant(reference["std"]), signs, normals
    )
    for ours, name in zip(found, ("a", "b"), strict=True):
        np.testing.assert_allclose(ours, reference["normalized"][name], rtol=2e-3)


@pytest.mark.parametrize("mixed", [0.0, 0.5, 2.0])
def test_hessian_penalty_is_the_share_off_the_diagonal(mixed):
    """Of a quadratic with a known Hessian, many directions give its exact shares."""
    hessian = np.array([[1.0, mixed, 0.0], [mixed, -2.0, mixed], [0.0, mixed, 0.5]], np.float32)

    def activations(z):
        return [0.5 * tf.einsum("bi,ij,bj->b", z, hessian, z)[:, None]]

    random_state = np.random.RandomState(0)
    signs = random_state.choice([-1.0, 1.0], size=(20_000, 1, 3)).astype(np.float32)
    normals = random_state.normal(size=signs.shape).astype(np.float32)
    z = tf.zeros([1, 3])
    (found,) = normalized_hessian_penalty(activations, z, tf.ones([3]), signs, normals, 1.0)
    squares = np.square(hessian)
    expected = (squares.sum() - np.trace(squares)) / squares.sum()
    np.testing.assert_allclose(found, [expected], atol=0.03)
