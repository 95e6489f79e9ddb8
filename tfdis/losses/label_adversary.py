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
    KL(the labels' frequencies in the batch || the adversary's answer), which is zero where no code
    tells anything. In the paper the encoder is paid for the adversary's loss instead: its gradient
    vanishes where the adversary is sure and right, and it goes on where the adversary is sure and
    wrong, which tells as much.

    What the adversary reads is the posterior's mean, standardized over the batch, so that no latent
    is too small to be read; without the noise of a sample, which hides what a mean still tells.

    Args:
        discriminator: codes `[batch, num_latents]` -> logits `[batch, width]`.
        optimizer: trains the discriminator.
        class_counts: see `tfdis.losses.labels`.
        num_updates: how often the discriminator is trained on each batch; the further it is ahead
            of the encoder, the less the two chase each other.
        weight: w_aux.
        name: see `LossTerm`.
    """

    report_names = ("auxiliary_accuracy",)

    def __init__(
        self,
        discriminator: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        class_counts: Sequence[int],
        num_updates: int = 1,
        weight: Weight = 1.0,
        name: str | None = "auxiliary_loss",
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        self.adversary, self.optimizer = discriminator, optimizer
        self.class_counts, self.num_updates = tuple(class_counts), num_updates
        if not optimizer.built:
            optimizer.build(discriminator.trainable_variables)

    def logits(self, batch: Batch, training: bool | None = None) -> tf.Tensor:
        """What the adversary reads from the posterior's mean, float32 `[batch, width]`."""
        codes = _standardized(batch.posterior.mean())
        return tf.cast(self.adversary(codes, training=training), tf.float32)

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

    def value_and_report(self, batch: Batch) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The divergence, and the accuracy of the adversary."""
        accuracy = label_accuracy(self.logits(batch), batch.labels, self.class_counts)
        return self(batch=batch), {"auxiliary_accuracy": accuracy}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "discriminator": keras.saving.serialize_keras_object(self.adversary),
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "class_counts": list(self.class_counts),
            "num_updates": self.num_updates,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LabelAdversary":
        """The term of a `get_config`."""
        parts = ("discriminator", "optimizer")
        made = {name: keras.saving.deserialize_keras_object(config[name]) for name in parts}
        return cls(**{**config, **made})


def _standardized(codes: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(codes, axes=[0], keepdims=True)
    return (codes - mean) * tf.math.rsqrt(variance + 1e-6)
