"""beta-TC-VAE's decomposition of the KL divergence into three parts."""

import math
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.distributions import pairwise_log_density

tfd = tfp.distributions


class Parts(NamedTuple):
    """The three terms of Eq. 2 of Chen et al. (2018), in nats, `[batch]` each; their sum is KL.

    Attributes:
        mutual_information: log q(z|x) - log q(z), of the image and its code.
        total_correlation: log q(z) - sum_l log q(z_l).
        dimension_wise_kl: sum_l log q(z_l) - log p(z).
    """

    mutual_information: tf.Tensor
    total_correlation: tf.Tensor
    dimension_wise_kl: tf.Tensor


def kl_decomposition(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor, num_images: int
) -> Parts:
    """Estimates the three parts on a batch by minibatch weighted sampling.

    log q(z) is the log of the mean over the batch of q(z | x_i), over `num_images` (Chen et al.,
    2018, appendix C.1); so is that of each latent.

    Args:
        posterior: batch shape `[batch]`.
        prior: without a batch shape.
        z: one code per image, drawn from the posterior, `[batch, num_latents]`.
        num_images: the number of images in the data set.

    Raises:
        UserError: the posterior's latents are not independent, or it has no density.
    """
    log_density = pairwise_log_density(posterior, z)
    log_count = tf.math.log(tf.cast(tf.shape(z)[0], z.dtype)) + math.log(num_images)
    log_qz = tf.reduce_logsumexp(tf.reduce_sum(log_density, axis=2), axis=1) - log_count
    log_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, axis=1) - log_count, axis=1)
    return Parts(
        posterior.log_prob(z) - log_qz, log_qz - log_product, log_product - prior.log_prob(z)
    )
