"""Tripod's normalized Hessian penalty on a decoder."""

from collections.abc import Callable, Sequence

import tensorflow as tf

_TINY = 1e-10

# From codes `[batch, num_latents]` to activations, each `[batch, ...]`.
Activations = Callable[[tf.Tensor], Sequence[tf.Tensor]]


def normalized_hessian_penalty(
    activations: Activations,
    z: tf.Tensor,
    spread: tf.Tensor,
    signs: tf.Tensor,
    normals: tf.Tensor,
    epsilon: float = 0.1,
) -> list[tf.Tensor]:
    """How much of a function's second derivatives mixes latents (Hsu et al., 2024).

    For each activation the variance of v^T H v over random v, averaged over its elements: with
    Rademacher v it is twice the sum of the squares off the Hessian's diagonal (Peebles et al.,
    2020), with normal v twice the sum of all squares. The penalty is the first over the
    second. v^T H v is a central difference along `epsilon * spread * v`.

    Args:
        activations: of the decoder.
        z: codes, `[batch, num_latents]`.
        spread: the scale of each latent, `[num_latents]`.
        signs: -1 or 1 at random, `[num_directions, batch, num_latents]`.
        normals: standard normal draws of the same shape.
        epsilon: the step of the difference.

    Returns:
        One `[batch]` for each activation.
    """
    count, directions = tf.shape(signs)[0], tf.concat([signs, normals], axis=0)
    steps = epsilon * spread * directions
    flat = tf.reshape(tf.concat([z + steps, z - steps], axis=0), [-1, z.shape[1]])
    penalties = []
    for moved, here in zip(activations(flat), activations(z), strict=True):
        moved = tf.reshape(moved, [2, 2 * count, *here.shape.as_list()])
        second = (moved[0] - 2.0 * here + moved[1]) / epsilon**2
        mixed, everything = (
            tf.reduce_mean(
                tf.math.reduce_variance(part, axis=0), axis=list(range(1, here.shape.rank))
            )
            for part in (second[:count], second[count:])
        )
        penalties.append(mixed / (everything + _TINY))
    return penalties
