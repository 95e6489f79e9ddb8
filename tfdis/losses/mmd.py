"""InfoVAE's maximum mean discrepancy."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.keys import Salt, normal, subkey
from tfdis.losses.term import LossTerm, loss_term


@loss_term("mmd", requires=["weight"])
class MMD(LossTerm):
    """The squared maximum mean discrepancy of q(z) and p(z) (Zhao et al., 2017, Eq. 7).

    The kernel is exp(-|x - y|^2 / num_latents^2). The weight is alpha + lambda - 1 of the paper's
    Eq. 6.

    Attributes:
        num_draws: how many codes are drawn from the prior.
    """

    needs_whole_batch: ClassVar[bool] = True

    num_draws: Annotated[int, Ge(1)] = 1000

    def call(self, outputs: Outputs) -> tf.Tensor:
        """E[k(p, p')] + E[k(q, q')] - 2 E[k(p, q)], a scalar."""
        z = outputs.z
        draws = normal([self.num_draws, z.shape[1]], subkey(outputs.key, Salt.PRIOR_DRAWS))
        return mean_kernel(draws, draws) + mean_kernel(z, z) - 2 * mean_kernel(draws, z)


def mean_kernel(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean of exp(-|x - y|^2 / num_latents^2) over all pairs of rows, a scalar."""
    squared = (
        tf.reduce_sum(tf.square(x), axis=1)[:, None]
        - 2.0 * tf.matmul(x, y, transpose_b=True)
        + tf.reduce_sum(tf.square(y), axis=1)[None, :]
    )
    return tf.reduce_mean(tf.exp(-tf.nn.relu(squared) / x.shape[1] ** 2))
