"""Posteriors over the latents, each made of a mean and a log variance.

Every family takes the two outputs of an encoder as its moments, so they mean the same to metrics
and pictures. Any function from the two to a tfp distribution of event shape `[num_latents]` is a
family; to be saved with a model, it is registered with `keras.saving.register_keras_serializable`.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.config import configurable
from tfdis.errors import UserError

tfd = tfp.distributions

# From the mean and the log variance, each `[batch, num_latents]`, to the posterior.
PosteriorFamily = Callable[[tf.Tensor, tf.Tensor], tfd.Distribution]


@keras.saving.register_keras_serializable("tfdis")
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


@keras.saving.register_keras_serializable("tfdis")
def diagonal_laplace(mean: tf.Tensor, log_variance: tf.Tensor) -> tfd.Distribution:
    """Independent Laplace distributions over the latents; arguments of `diagonal_gaussian`."""
    scale = tf.exp(0.5 * log_variance) / math.sqrt(2.0)
    return tfd.Independent(tfd.Laplace(loc=mean, scale=scale), reinterpreted_batch_ndims=1)


@keras.saving.register_keras_serializable("tfdis")
def deterministic(mean: tf.Tensor, log_variance: tf.Tensor) -> tfd.Distribution:
    """All mass on the mean; the log variance is not used.

    Its KL divergence from a prior is -log p(mean), the objective of a regularized autoencoder
    (Ghosh et al., 2020) with the prior as the regularizer.
    """
    del log_variance
    return tfd.Independent(tfd.Deterministic(loc=mean), reinterpreted_batch_ndims=1)


@configurable("gaussian_posterior")
def gaussian_posterior() -> PosteriorFamily:
    """The gin name of `diagonal_gaussian`."""
    return diagonal_gaussian


@configurable("laplace_posterior")
def laplace_posterior() -> PosteriorFamily:
    """The gin name of `diagonal_laplace`."""
    return diagonal_laplace


@configurable("deterministic_posterior")
def deterministic_posterior() -> PosteriorFamily:
    """The gin name of `deterministic`."""
    return deterministic


def per_latent(distribution: tfd.Distribution, asker: str) -> tfd.Distribution:
    """The distributions of the single latents, of batch shape `[..., num_latents]`.

    Args:
        distribution: over codes, event shape `[num_latents]`.
        asker: what needs them, for the error.

    Raises:
        UserError: the latents are not independent, or not scalars.
    """
    if isinstance(distribution, tfd.Independent) and distribution.distribution.event_shape == []:
        return distribution.distribution
    raise UserError(
        f"{asker} needs latents that are independent of each other given an image: the "
        f"distribution is {distribution.name}, expected a tfd.Independent of scalar ones."
    )


def log_variance(posterior: tfd.Distribution) -> tf.Tensor:
    """The log variances of a posterior, `[batch, num_latents]`."""
    return 2.0 * tf.math.log(posterior.stddev())


def pairwise_log_density(posterior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """Log q(z_l(x_j) | x_i) of every code under the posterior of every image.

    Args:
        posterior: batch shape `[batch_i]`, event shape `[num_latents]`.
        z: codes, `[batch_j, num_latents]`.

    Returns:
        float32 `[batch_j, batch_i, num_latents]`.

    Raises:
        UserError: the latents are not independent given an image, or the posterior has no density.
    """
    latents = per_latent(posterior, "A pairwise density")
    refuse_without_density(posterior, "this loss term")
    return latents.log_prob(z[:, None, :])


def refuse_without_density(posterior: tfd.Distribution, asker: str) -> None:
    """Raises a UserError where a posterior is deterministic; `asker` needs its density."""
    one = posterior.distribution if isinstance(posterior, tfd.Independent) else posterior
    if isinstance(one, tfd.Deterministic | tfd.VectorDeterministic):
        raise UserError(
            f"A deterministic posterior has no density, which {asker} needs: choose "
            "@gaussian_posterior() or @laplace_posterior()."
        )
