"""Likelihoods of an image given its code, event shape `[height, width, channels]`."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def continuous_bernoulli(logits: tf.Tensor) -> tfd.Distribution:
    """Independent continuous Bernoulli pixels in [0, 1] (Loaiza-Ganem and Cunningham, 2019).

    The Bernoulli's expression divided by what it integrates to; its mean is not the sigmoid of the
    logits.

    Args:
        logits: of the parameter lambda, `[batch, height, width, channels]`.
    """
    return tfd.Independent(tfd.ContinuousBernoulli(logits=logits), 3)


def gaussian(pixels: tf.Tensor, sigma: float | tf.Tensor) -> tfd.Distribution:
    """Independent Gaussian pixels.

    Args:
        pixels: the means, `[batch, height, width, channels]`.
        sigma: their standard deviation, a scalar.
    """
    return tfd.Independent(tfd.Normal(pixels, sigma), 3)


def optimal_sigma(images: tf.Tensor, pixels: tf.Tensor) -> tf.Tensor:
    """The standard deviation under which a batch is most likely, a scalar.

    The root of the mean squared error over the batch and its pixels (the optimal sigma-VAE of
    Rybkin et al., 2021); it is kept above exp(-6), as in their code.
    """
    squared = tf.reduce_mean(tf.square(images - pixels))
    return tf.sqrt(tf.maximum(squared, tf.exp(-12.0)))


def laplace(pixels: tf.Tensor, scale: float) -> tfd.Distribution:
    """Independent Laplace pixels; arguments of `gaussian`, the scale being b in exp(-|x| / b)."""
    return tfd.Independent(tfd.Laplace(pixels, scale), 3)
