"""The posterior over the latents and its prior, as tfp distributions."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def diagonal_gaussian(mean: tf.Tensor, log_variance: tf.Tensor) -> tfd.Distribution:
    """A diagonal Gaussian over the latents, one event per image.

    Args:
        mean: float tensor, `[batch, num_latents]`.
        log_variance: float tensor, `[batch, num_latents]`.

    Returns:
        A distribution with batch shape `[batch]` and event shape `[num_latents]`.
    """
    return tfd.Independent(
        tfd.Normal(loc=mean, scale=tf.exp(0.5 * log_variance)), reinterpreted_batch_ndims=1
    )


def standard_normal(num_latents: int) -> tfd.Distribution:
    """The prior: `num_latents` independent standard normals."""
    return tfd.Independent(
        tfd.Normal(loc=tf.zeros([num_latents]), scale=1.0), reinterpreted_batch_ndims=1
    )


def log_variance(posterior: tfd.Distribution) -> tf.Tensor:
    """The log variances of a `diagonal_gaussian`, `[batch, num_latents]`."""
    return 2.0 * tf.math.log(posterior.distribution.scale)
