"""Controlled capacity: holds KL at a given number of nats."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.losses.kl import mean_divergence
from tfdis.losses.term import LossTerm, Weight, loss_term


@loss_term("capacity")
class Capacity(LossTerm):
    """|KL - C| in nats, of Eq. 8 of Burgess et al. (2018); takes the place of KL.

    The weight is gamma.

    Attributes:
        capacity: C in nats; usually a schedule that rises.
    """

    needs_posterior: ClassVar[bool] = True
    needs_whole_batch: ClassVar[bool] = True

    capacity: Weight

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The distance of the batch's mean divergence from C at this step, a scalar."""
        return tf.abs(mean_divergence(outputs) - self.at("capacity", outputs.step))
