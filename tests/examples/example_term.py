"""An example of a loss term: one file, with two fields, one of which may follow a schedule."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge

from tfdis.losses.term import LossTerm, Weight, loss_term


@loss_term("example_sparsity")
class ExampleSparsity(LossTerm):
    """E_x[|mu - offset|^power], with a threshold that training moves.

    Attributes:
        offset: where codes are drawn to; may follow a schedule.
        power: of the distance.
    """

    offset: Weight = 0.0
    power: Annotated[float, Ge(1)] = 1.0

    def build(self, input_shape: None = None) -> None:
        """The largest distance so far, which only this term knows."""
        self.largest = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Begins to look for the largest distance."""
        self.build()

    def call(self, outputs):
        """The mean distance, a scalar."""
        distance = tf.abs(outputs.posterior.mean() - self.at("offset", outputs.step))
        self.largest.assign(tf.maximum(self.largest.value, tf.reduce_max(distance)))
        return tf.reduce_mean(tf.reduce_sum(distance**self.power, axis=1))
