"""Tripod's kernel-density estimate of the multi-information of the latents."""

import math
from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.losses.term import LossTerm, loss_term

_TINY = 1e-6


@loss_term("latent_multiinformation", requires=["weight"])
class LatentMultiinformation(LossTerm):
    """The multi-information of the codes of a batch, for any encoder (Hsu et al., 2024).

    See `latent_multiinformation`; the scale of a latent is its standard deviation before any
    quantizer.
    """

    needs_whole_batch: ClassVar[bool] = True

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean over the batch in nats, a scalar."""
        return tf.reduce_mean(latent_multiinformation(outputs.z, spread_in(outputs)))


def spread_in(outputs: Outputs) -> tf.Tensor:
    """`spread_of` the codes of a batch before any quantizer, `[num_latents]`."""
    return spread_of(outputs["continuous"] if "continuous" in outputs.extras else outputs.z)


def spread_of(z: tf.Tensor) -> tf.Tensor:
    """The standard deviation of each latent over a batch plus 1e-6, `[num_latents]`."""
    # Where all codes are equal, the square root's gradient would be infinite.
    return tf.sqrt(tf.maximum(tf.math.reduce_variance(z, axis=0), _TINY**4)) + _TINY


def latent_multiinformation(z: tf.Tensor, spread: tf.Tensor) -> tf.Tensor:
    """Log q(z) - sum_l log q(z_l) at each code of a batch (Hsu et al., 2024).

    The joint density and the marginal ones are kernel estimates on the batch itself, with Gaussian
    kernels. The joint's bandwidths are `spread` times Silverman's factor,
    (4 / (L + 2))^(1 / (L + 4)) B^(-1 / (L + 4)) for B codes of L latents; the marginals' are
    `spread` itself, as in the paper's code. Because the two differ, the mean may be negative.

    Args:
        z: codes, `[batch, num_latents]`.
        spread: the scale of each latent, `[num_latents]`.

    Returns:
        float32 `[batch]`, in nats.
    """
    size, num_latents = tf.cast(tf.shape(z)[0], z.dtype), z.shape[1]
    exponent = 1.0 / (num_latents + 4)
    silverman = (4.0 / (num_latents + 2)) ** exponent * size**-exponent
    squared = tf.square((z[:, None, :] - z[None, :, :]) / spread)
    constant = tf.math.log(spread) + 0.5 * math.log(2 * math.pi)
    joint = -0.5 * squared / silverman**2 - constant - tf.math.log(silverman)
    log_joint = tf.reduce_logsumexp(tf.reduce_sum(joint, axis=2), axis=1) - tf.math.log(size)
    marginal = tf.reduce_logsumexp(-0.5 * squared - constant, axis=1) - tf.math.log(size)
    return log_joint - tf.reduce_sum(marginal, axis=1)
