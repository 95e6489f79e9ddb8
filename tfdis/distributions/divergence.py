"""The Kullback-Leibler divergence of a posterior from a prior."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def kl_divergence(posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor) -> tf.Tensor:
    """KL(q(z|x) || p(z)) in nats: in closed form where tfp has one, else estimated at `z`.

    The estimate is log q(z|x) - log p(z), unbiased where `z` is one draw from the posterior.

    Args:
        posterior: batch shape `[batch]`, event shape `[num_latents]`.
        prior: of the same event shape; without a batch shape, or `[batch]`.
        z: one code per image, `[batch, num_latents]`.

    Returns:
        `[batch]`.
    """
    try:
        return posterior.kl_divergence(prior)
    except NotImplementedError:
        return posterior.log_prob(z) - prior.log_prob(z)
