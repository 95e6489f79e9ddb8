"""InfoVAE's maximum mean discrepancy."""

from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.keys import normal, subkey
from tfdis.losses.term import Batch, LossTerm, Weight

_DRAWS_SALT = 0x3D5


@keras.saving.register_keras_serializable("tfdis")
class MMD(LossTerm):
    """The squared maximum mean discrepancy of q(z) and p(z) (Zhao et al., 2017, Eq. 7).

    The kernel is exp(-|x - y|^2 / num_latents^2).

    Args:
        num_draws: how many codes are drawn from the prior.
        weight: alpha + lambda - 1 of the paper's Eq. 6.
        name: see `LossTerm`.
    """

    needs_whole_batch = True

    def __init__(
        self, num_draws: int = 1000, weight: Weight = 1.0, name: str | None = None, **kwargs: Any
    ):
        super().__init__(weight, name, **kwargs)
        self.num_draws = num_draws

    def call(self, batch: Batch) -> tf.Tensor:
        """E[k(p, p')] + E[k(q, q')] - 2 E[k(p, q)], a scalar."""
        draws = normal([self.num_draws, batch.z.shape[1]], subkey(batch.key, _DRAWS_SALT))
        return (
            mean_kernel(draws, draws)
            + mean_kernel(batch.z, batch.z)
            - 2 * mean_kernel(draws, batch.z)
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {**super().get_config(), "num_draws": self.num_draws}


def mean_kernel(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The mean of exp(-|x - y|^2 / num_latents^2) over all pairs of rows, a scalar."""
    squared = (
        tf.reduce_sum(tf.square(x), axis=1)[:, None]
        - 2.0 * tf.matmul(x, y, transpose_b=True)
        + tf.reduce_sum(tf.square(y), axis=1)[None, :]
    )
    return tf.reduce_mean(tf.exp(-tf.nn.relu(squared) / x.shape[1] ** 2))


@configurable("mmd")
def mmd(weight: Weight = gin.REQUIRED, num_draws: int = 1000) -> MMD:
    """The gin name of `MMD`."""
    return MMD(num_draws, weight, name="mmd")
