"""DIP-VAE's disentangled inferred prior, variants I and II."""

from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.losses.term import Batch, LossTerm, Weight


@keras.saving.register_keras_serializable("tfdis")
class DIP(LossTerm):
    """Holds a covariance of the codes against the identity (Kumar et al., 2018, Eq. 6 and 7).

    sum_{i != j} Cov_ij^2 + lambda_d_factor sum_i (Cov_ii - 1)^2, where Cov is the covariance of the
    posterior's mean (variant "i") or of the aggregate posterior (variant "ii": the mean of the
    posterior's diagonal covariances is added).

    Args:
        dip_type: "i" or "ii".
        lambda_d_factor: what the diagonal counts for beside the off-diagonal.
        weight: lambda_od.
        name: see `LossTerm`.

    Raises:
        UserError: there is no such variant.
    """

    needs_whole_batch = True

    def __init__(
        self,
        dip_type: str = "i",
        lambda_d_factor: float = 1.0,
        weight: Weight = 1.0,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        if dip_type not in ("i", "ii"):
            raise UserError(f"dip_vae.dip_type is '{dip_type}': it is 'i' or 'ii'.")
        self.dip_type = dip_type
        self.lambda_d_factor = lambda_d_factor

    def call(self, batch: Batch) -> tf.Tensor:
        """The squared deviation from the identity, a scalar."""
        covariance = covariance_of(batch.posterior.mean())
        if self.dip_type == "ii":
            covariance += tf.linalg.diag(tf.reduce_mean(batch.posterior.variance(), axis=0))
        diagonal = tf.linalg.diag_part(covariance)
        off_diagonal = covariance - tf.linalg.diag(diagonal)
        return tf.reduce_sum(tf.square(off_diagonal)) + self.lambda_d_factor * tf.reduce_sum(
            tf.square(diagonal - 1.0)
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "dip_type": self.dip_type,
            "lambda_d_factor": self.lambda_d_factor,
        }


def covariance_of(mean: tf.Tensor) -> tf.Tensor:
    """E[mu mu^T] - E[mu] E[mu]^T over the batch, `[num_latents, num_latents]`."""
    expectation = tf.reduce_mean(mean, axis=0)
    size = tf.cast(tf.shape(mean)[0], mean.dtype)
    second_moment = tf.matmul(mean, mean, transpose_a=True) / size
    return second_moment - expectation[:, None] * expectation[None, :]


@configurable("dip")
def dip(weight: Weight = gin.REQUIRED, lambda_d_factor: float = 1.0, dip_type: str = "i") -> DIP:
    """The gin name of `DIP`."""
    return DIP(dip_type, lambda_d_factor, weight, name="dip")
