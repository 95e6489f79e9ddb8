"""The Kullback-Leibler divergence of the posterior from the prior."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.distributions import kl_divergence
from tfdis.losses.term import LossTerm, loss_term


@loss_term("kl")
class KL(LossTerm):
    """E_x[KL(q(z|x) || p(z))] in nats; the weight is beta in Eq. 4 of Higgins et al. (2017)."""

    needs_posterior: ClassVar[bool] = True
    value_name: ClassVar[str] = "kl_loss"

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean divergence over the batch, a scalar."""
        return mean_divergence(outputs)


def mean_divergence(outputs: Outputs) -> tf.Tensor:
    """The mean over the batch of KL(posterior || prior) in nats, a scalar."""
    return tf.reduce_mean(kl_divergence(outputs.posterior, outputs.prior, outputs.z))
