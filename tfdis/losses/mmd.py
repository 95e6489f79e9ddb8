"""InfoVAE's maximum mean discrepancy."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.distributions import draws_from, standard_normal
from tfdis.keys import Salt, subkey
from tfdis.losses.term import LossTerm, loss_term


@loss_term("mmd", requires=["weight"])
class MMD(LossTerm):
    """The squared maximum mean discrepancy of q(z) and p(z) (Zhao et al., 2017, Eq. 7).

    The kernel is exp(-|x - y|^2 / num_latents^2). The weight is alpha + lambda - 1 of the paper's
    Eq. 6.

    Attributes:
        num_draws: how many codes are drawn from the prior.
        estimator: "biased" pairs every code with itself too (V-statistics), so that it is never
            negative; "unbiased" leaves these pairs out (U-statistics; Gretton et al., 2012, Eq. 3).
    """

    needs_whole_batch: ClassVar[bool] = True

    num_draws: Annotated[int, Ge(2)] = 1000
    estimator: Literal["biased", "unbiased"] = "biased"

    def call(self, outputs: Outputs) -> tf.Tensor:
        """E[k(p, p')] + E[k(q, q')] - 2 E[k(p, q)], a scalar."""
        z = outputs.z
        prior = standard_normal(z.shape[1]) if outputs.prior is None else outputs.prior
        draws = draws_from(prior, self.num_draws, subkey(outputs.key, Salt.PRIOR_DRAWS))
        within = mean_kernel if self.estimator == "biased" else mean_kernel_of_others
        return within(draws, draws) + within(z, z) - 2 * mean_kernel(draws, z)


def mean_kernel(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean of exp(-|x - y|^2 / num_latents^2) over all pairs of rows, a scalar."""
    squared = (
        tf.reduce_sum(tf.square(x), axis=1)[:, None]
        - 2.0 * tf.matmul(x, y, transpose_b=True)
        + tf.reduce_sum(tf.square(y), axis=1)[None, :]
    )
    return tf.reduce_mean(tf.exp(-tf.nn.relu(squared) / x.shape[1] ** 2))


def mean_kernel_of_others(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """`mean_kernel` of a sample with itself without the pairs of a row with itself, a scalar."""
    size = tf.cast(tf.shape(x)[0], x.dtype)
    return (size * mean_kernel(x, y) - 1.0) / (size - 1.0)
