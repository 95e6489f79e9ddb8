"""The Hausdorff distance of the codes' support from a factorized one."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.losses.term import LossTerm, loss_term


@loss_term("factorized_support", requires=["weight"])
class FactorizedSupport(LossTerm):
    """Hausdorff factorized support over all pairs of latents (Roth et al., 2023).

    On the posterior's means, or on the codes of a deterministic encoder; see `hausdorff_distance`.
    """

    needs_whole_batch: ClassVar[bool] = True

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The distance of the batch's support from a factorized one, a scalar."""
        posterior = outputs.posterior
        return hausdorff_distance(outputs.z if posterior is None else posterior.mean())


def hausdorff_distance(z: tf.Tensor) -> tf.Tensor:
    """How far the support of pairs of latents is from a rectangle (Roth et al., 2023).

    The sum over pairs of latents (i, j) of the greatest squared distance, over all combinations of
    a value of i with a value of j that the batch has, to the nearest code of the batch. The
    authors' code takes 25 of the pairs at random, or all where there are fewer.

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
