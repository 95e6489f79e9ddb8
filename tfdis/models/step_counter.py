"""The number of updates of a model."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfdis")
class StepCounter(keras.layers.Layer):
    """Counts updates, also those that an optimizer skips because a gradient overflowed.

    Noise, batches and schedules are keyed by this number, so it has to advance with every batch.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._steps = self.add_weight(
            shape=(),
            initializer="zeros",
            dtype="int64",
            trainable=False,
            aggregation="only_first_replica",
            name="steps",
        )
        self.built = True

    @property
    def steps(self) -> tf.Tensor:
        """The updates so far, an int64 scalar."""
        return tf.convert_to_tensor(self._steps)

    def advance(self) -> None:
        """Counts one update."""
        self._steps.assign_add(1)

    def reset(self) -> None:
        """Counts from zero."""
        self._steps.assign(0)

    def load_own_variables(self, store: Any) -> None:
        """See Keras; files of before there was a counter begin at zero."""
        if len(store.keys()):
            super().load_own_variables(store)
