"""Draws from a posterior that are functions of a key."""

import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.keys import subkey, uniform

tfd = tfp.distributions

# Sampled by the quantile function, which is a reparameterization and gives the same draw with and
# without XLA; tfp's own sampling does not.
_BY_QUANTILE = (tfd.Normal, tfd.Laplace, tfd.Logistic)


def draw(distribution: tfd.Distribution, key: tf.Tensor) -> tf.Tensor:
    """One draw, with a gradient to the parameters where the family has one.

    Args:
        distribution: batch shape `[batch]`, event shape `[num_latents]`.
        key: int32 `[2]`. Where a batch is spread over replicas, each takes its rows of one draw.

    Returns:
        `[batch, num_latents]`.
    """
    base = getattr(distribution, "distribution", None)
    if isinstance(distribution, tfd.Independent) and isinstance(base, tfd.Deterministic):
        return base.loc
    context = tf.distribute.get_replica_context()
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if isinstance(distribution, tfd.Independent) and isinstance(base, _BY_QUANTILE):
        shape = base.batch_shape_tensor()
        size = shape[0]
        noise = uniform(tf.concat([[size * replicas], shape[1:]], axis=0), key)
        if replicas > 1:
            first = size * context.replica_id_in_sync_group
            noise = noise[first : first + size]
        return base.quantile(tf.reshape(noise, shape))
    if replicas > 1:
        key = subkey(key, context.replica_id_in_sync_group)
    return distribution.sample(seed=key)


def draws_from(distribution: tfd.Distribution, count: int, key: tf.Tensor) -> tf.Tensor:
    """Draws from a prior; a mixture's parameters get no gradient.

    Args:
        distribution: without a batch shape, event shape `[num_latents]`.
        count: how many.
        key: int32 `[2]`.

    Returns:
        `[count, num_latents]`.
    """
    base = getattr(distribution, "distribution", None)
    if isinstance(distribution, tfd.Independent) and isinstance(base, _BY_QUANTILE):
        return base.quantile(uniform([count, *distribution.event_shape], key))
    return distribution.sample(count, seed=key)
