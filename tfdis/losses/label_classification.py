"""The positive part of IFCVAE: the label encoder, and whether reconstructions show the label."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.losses.labels import label_accuracy, label_cross_entropy
from tfdis.losses.term import AdversarialTerm, Batch, Weight


@keras.saving.register_keras_serializable("tfdis")
class LabelClassification(AdversarialTerm):
    """The cross-entropy of the label that the label encoder reads from the reconstruction.

    After Creswell et al. (2017), whose label encoder learns from the input (`adversary_loss`) and
    whose decoder learns to draw what the label encoder then recognizes (`call`). Neither gradient
    goes anywhere else: not from the reconstruction to the label encoder, which could otherwise
    agree with the decoder on a mark, nor to the encoder of z, which would otherwise be paid for
    carrying the label.

    Args:
        label_encoder: images `[batch, height, width, channels]` -> logits `[batch, width]`.
        optimizer: trains the label encoder.
        class_counts: see `tfdis.losses.labels`.
        class_weights: likewise.
        weight: w_le.
        name: see `LossTerm`.
    """

    report_names = ("label_accuracy_input", "label_accuracy_reconstruction")

    def __init__(
        self,
        label_encoder: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        class_counts: Sequence[int],
        class_weights: Sequence[float] | None = None,
        weight: Weight = 1.0,
        name: str | None = "label_loss",
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        self.adversary, self.optimizer = label_encoder, optimizer
        self.class_counts, self.class_weights = tuple(class_counts), class_weights
        if not optimizer.built:
            optimizer.build(label_encoder.trainable_variables)

    def logits(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """What the label encoder reads from images, float32 `[batch, width]`."""
        return tf.cast(self.adversary(images, training=training), tf.float32)

    def call(self, batch: Batch) -> tf.Tensor:
        """The cross-entropy of the label read from the reconstruction, a scalar."""
        return self._cross_entropy(self.logits(batch.decoded), batch.labels)

    def value_and_report(self, batch: Batch) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The cross-entropy, and the accuracies on the input and on the reconstruction."""
        read = (batch.label_logits, self.logits(batch.decoded))
        accuracies = (label_accuracy(each, batch.labels, self.class_counts) for each in read)
        value = self._cross_entropy(read[1], batch.labels)
        return value, dict(zip(self.report_names, accuracies))

    def adversary_loss(self, batch: Batch) -> tf.Tensor:
        """The cross-entropy of the label read from the input, a scalar."""
        return self._cross_entropy(self.logits(batch.images, training=True), batch.labels)

    def _cross_entropy(self, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return label_cross_entropy(logits, labels, self.class_counts, self.class_weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "label_encoder": keras.saving.serialize_keras_object(self.adversary),
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "class_counts": list(self.class_counts),
            "class_weights": self.class_weights and list(self.class_weights),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LabelClassification":
        """The term of a `get_config`."""
        parts = ("label_encoder", "optimizer")
        made = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **made})
