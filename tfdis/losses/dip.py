"""DIP-VAE's disentangled inferred prior, variants I and II."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.losses.term import LossTerm, loss_term


@loss_term("dip", requires=["weight"])
class DIP(LossTerm):
    """sum_{i != j} Cov_ij^2 + lambda_d_factor sum_i (Cov_ii - 1)^2 (Kumar et al., 2018, Eq. 6, 7).

    Cov is the covariance of the posterior's mean (variant "i") or of the aggregate posterior
    (variant "ii": the mean of the posterior's diagonal covariances is added). The weight is
    lambda_od.

    Attributes:
        dip_type: "i" or "ii".
        lambda_d_factor: the weight of the diagonal relative to the off-diagonal.
    """

    needs_posterior: ClassVar[bool] = True
    needs_whole_batch: ClassVar[bool] = True

    dip_type: Literal["i", "ii"] = "i"
    lambda_d_factor: Annotated[float, Ge(0)] = 1.0

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The squared deviation from the identity, a scalar."""
        covariance = covariance_of(outputs.posterior.mean())
        if self.dip_type == "ii":
            covariance += tf.linalg.diag(tf.reduce_mean(outputs.posterior.variance(), axis=0))
        diagonal = tf.linalg.diag_part(covariance)
        off_diagonal = covariance - tf.linalg.diag(diagonal)
        return tf.reduce_sum(tf.square(off_diagonal)) + self.lambda_d_factor * tf.reduce_sum(
            tf.square(diagonal - 1.0)
        )


def covariance_of(mean: tf.Tensor) -> tf.Tensor:
    """E[mu mu^T] - E[mu] E[mu]^T over the batch, `[num_latents, num_latents]`."""
    expectation = tf.reduce_mean(mean, axis=0)
    size = tf.cast(tf.shape(mean)[0], mean.dtype)
    second_moment = tf.matmul(mean, mean, transpose_a=True) / size
    return second_moment - expectation[:, None] * expectation[None, :]
