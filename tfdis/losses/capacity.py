"""The controlled capacity of the bottleneck."""

from typing import Any

import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.losses.kl import KL
from tfdis.losses.term import Batch, Weight, serialized, value_at


@keras.saving.register_keras_serializable("tfdis")
class Capacity(KL):
    """|KL - C|, weighed by gamma in Eq. 8 of Burgess et al. (2018); takes the place of KL.

    Args:
        capacity: C in nats; usually a schedule that rises.
        weight: gamma.
        name: see `LossTerm`.
    """

    def __init__(
        self, capacity: Weight, weight: Weight = 1.0, name: str | None = None, **kwargs: Any
    ):
        super().__init__(weight, name, **kwargs)
        self.capacity = (
            keras.saving.deserialize_keras_object(capacity)
            if isinstance(capacity, dict)
            else capacity
        )

    def call(self, batch: Batch) -> tf.Tensor:
        """The distance of the batch's mean divergence from C at this step, a scalar."""
        return tf.abs(super().call(batch) - value_at(self.capacity, batch.step))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {**super().get_config(), "capacity": serialized(self.capacity)}


@configurable("capacity")
def capacity(capacity: Weight, weight: Weight = 1.0) -> Capacity:
    """The gin name of `Capacity`."""
    return Capacity(capacity, weight, name="capacity")
