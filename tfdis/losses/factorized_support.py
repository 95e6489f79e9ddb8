"""The Hausdorff distance of the codes' support from a factorized one."""

import tensorflow as tf


def hausdorff_distance(z: tf.Tensor) -> tf.Tensor:
    """How far the support of pairs of latents is from a rectangle (Roth et al., 2023).

    The sum over pairs of latents (i, j) of the greatest squared distance, over all combinations of
    a value of i with a value of j that the batch has, to the nearest code of the batch.

    Args:
        z: codes, `[batch, num_latents]`.

    Returns:
        A scalar.
    """
    num_latents = z.shape[1]
    # [num_latents, value, code]
    squared = tf.square(tf.transpose(z)[:, :, None] - tf.transpose(z)[:, None, :])
    total = tf.constant(0.0)
    for latent in range(num_latents - 1):
        # [others, value of latent, value of the other, code]
        distance = squared[latent][None, :, None, :] + squared[latent + 1 :][:, None, :, :]
        total += tf.reduce_sum(tf.reduce_max(tf.reduce_min(distance, axis=3), axis=(1, 2)))
    return total
