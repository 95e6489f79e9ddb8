import numpy as np
import tensorflow as tf

from tfdis.distributions import diagonal_gaussian, standard_normal
from tfdis.losses.kl_decomposition import kl_decomposition


def parts_of(reference):
    mean, sigma, z = (tf.constant(reference[name]) for name in ("mu", "sigma", "z"))
    posterior = diagonal_gaussian(mean, 2 * tf.math.log(sigma))
    return posterior, kl_decomposition(posterior, standard_normal(3), z, reference["num_images"])


def test_equals_the_papers_code(quantized_latents):
    reference = quantized_latents["tcvae"]
    _, parts = parts_of(reference)
    for found, name in zip(parts, ("mi", "tc", "kl"), strict=True):
        np.testing.assert_allclose(found, reference[name], rtol=1e-5)


def test_the_parts_add_up_to_the_divergence(quantized_latents):
    reference = quantized_latents["tcvae"]
    posterior, parts = parts_of(reference)
    z = tf.constant(reference["z"])
    expected = posterior.log_prob(z) - standard_normal(3).log_prob(z)
    np.testing.assert_allclose(tf.add_n(list(parts)), expected, rtol=1e-4)
