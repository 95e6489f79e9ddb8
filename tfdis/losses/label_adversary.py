"""The negative part of IFCVAE: an adversary that reads the label from the codes."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.losses.labels import label_accuracy, label_cross_entropy
from tfdis.losses.term import AdversarialTerm, Batch, Weight


@keras.saving.register_keras_serializable("tfdis")
class LabelAdversary(AdversarialTerm):
    """How far the adversary's reading of the label from the codes is from knowing nothing, in nats.

    The adversary learns to read the label (L_aux of Creswell et al., 2017). The encoder is paid for
    the cross-entropy of its answer with the labels' frequencies in the batch, less what that is at
    best: zero where no code tells anything. Where the encoder is instead paid for the adversary's
    loss without bound, as in the paper, codes that make the adversary sure of the wrong class are
    worth more than codes that tell nothing.

    Args:
        discriminator: codes `[batch, num_latents]` -> logits `[batch, width]`.
        optimizer: trains the discriminator.
        class_counts: see `tfdis.losses.labels`.
        weight: w_aux.
        name: see `LossTerm`.
    """

    report_names = ("auxiliary_accuracy",)

    def __init__(
        self,
        discriminator: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        class_counts: Sequence[int],
        weight: Weight = 1.0,
        name: str | None = "auxiliary_loss",
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        self.adversary, self.optimizer = discriminator, optimizer
        self.class_counts = tuple(class_counts)
        if not optimizer.built:
            optimizer.build(discriminator.trainable_variables)

    def logits(self, batch: Batch, training: bool | None = None) -> tf.Tensor:
        """What the adversary reads from the posterior's mean, float32 `[batch, width]`."""
        return tf.cast(self.adversary(batch.posterior.mean(), training=training), tf.float32)

    def call(self, batch: Batch) -> tf.Tensor:
        """KL(labels' frequencies || the adversary's answer), a scalar."""
        frequencies = tf.reduce_mean(batch.labels, axis=0, keepdims=True)
        expected = tf.broadcast_to(frequencies, tf.shape(batch.labels))
        entropy = -tf.reduce_sum(tf.math.xlogy(frequencies, frequencies))
        return label_cross_entropy(self.logits(batch), expected, self.class_counts) - entropy

    def adversary_loss(self, batch: Batch) -> tf.Tensor:
        """The cross-entropy of the label read from the codes, a scalar."""
        logits = self.logits(batch, training=True)
        return label_cross_entropy(logits, batch.labels, self.class_counts)

    def report(self, batch: Batch) -> dict[str, tf.Tensor]:
        """The accuracy of the adversary."""
        accuracy = label_accuracy(self.logits(batch), batch.labels, self.class_counts)
        return {"auxiliary_accuracy": accuracy}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "discriminator": keras.saving.serialize_keras_object(self.adversary),
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "class_counts": list(self.class_counts),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LabelAdversary":
        """The term of a `get_config`."""
        parts = ("discriminator", "optimizer")
        made = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **made})
