"""The Kullback-Leibler divergence of the posterior from the prior."""

import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.losses.term import Batch, LossTerm, Weight


@keras.saving.register_keras_serializable("tfdis")
class KL(LossTerm):
    """E_x[KL(q(z|x) || p(z))] in nats; weighed by beta in Eq. 4 of Higgins et al. (2017)."""

    def call(self, batch: Batch) -> tf.Tensor:
        """The mean divergence over the batch, a scalar."""
        return tf.reduce_mean(batch.posterior.kl_divergence(batch.prior))


@configurable("kl")
def kl(weight: Weight = 1.0) -> KL:
    """The gin name of `KL`."""
    return KL(weight, name="kl_loss")
