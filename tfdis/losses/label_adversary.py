"""The negative part of IFCVAE: an adversary that reads the label from the codes."""

from typing import ClassVar, Literal

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.errors import UserError
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.label_cross_entropy import label_accuracy, label_cross_entropy
from tfdis.losses.term import loss_term


@loss_term("label_adversary")
class LabelAdversary(AdversarialTerm):
    """How much the adversary can tell about the label from the codes, in nats.

    The adversary learns to predict the label (L_aux of Creswell et al., 2017). The encoder
    minimizes KL(the labels' frequencies in the batch || the adversary's prediction), which is zero
    where the codes carry nothing. In the paper the encoder maximizes the adversary's loss instead.
    Its gradient vanishes where the adversary is certain and right, and does not stop where it is
    certain and wrong, although such codes carry as much.

    The adversary sees the posterior's mean, standardized over the batch, so that latents of small
    variance count too, and without a sample's noise, which hides what the mean still carries. The
    weight is w_aux.

    Attributes:
        adversary: codes `[batch, num_latents]` -> logits `[batch, width]`. With more updates on
            each batch it stays ahead of the encoder, and the two oscillate less.
        class_counts: see `tfdis.losses.label_cross_entropy`.
        objective: "uninformed" is the one described above; "cross_entropy" is the paper's: the
            adversary sees the codes themselves, and the encoder minimizes its negative loss.
    """

    needs_posterior: ClassVar[bool] = True
    needs_whole_batch: ClassVar[bool] = True
    report_names: ClassVar[tuple[str, ...]] = ("auxiliary_accuracy",)
    value_name: ClassVar[str] = "auxiliary_loss"

    class_counts: tuple[int, ...]
    objective: Literal["uninformed", "cross_entropy"] = "uninformed"

    @property
    def num_classes(self) -> int:
        """See `AdversarialTerm`."""
        return sum(self.class_counts)

    def logits(self, outputs: Outputs, training: bool | None = None) -> tf.Tensor:
        """The adversary's logits for the codes, float32 `[batch, width]`."""
        published = self.objective == "cross_entropy"
        codes = outputs.z if published else _standardized(outputs.posterior.mean())
        return tf.cast(self.adversary(codes, training=training), tf.float32)

    def call(self, outputs: Outputs) -> tf.Tensor:
        """KL(labels' frequencies || the adversary's answer), or the negative loss; a scalar."""
        labels = _labels_in(outputs)
        if self.objective == "cross_entropy":
            return -label_cross_entropy(self.logits(outputs), labels, self.class_counts)
        frequencies = tf.reduce_mean(labels, axis=0, keepdims=True)
        expected = tf.broadcast_to(frequencies, tf.shape(labels))
        entropy = -tf.reduce_sum(tf.math.xlogy(frequencies, frequencies))
        return label_cross_entropy(self.logits(outputs), expected, self.class_counts) - entropy

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """The cross-entropy of the label read from the codes, a scalar."""
        logits = self.logits(outputs, training=True)
        return label_cross_entropy(logits, _labels_in(outputs), self.class_counts)

    def value_and_report(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The value of `call`, and the accuracy of the adversary."""
        accuracy = label_accuracy(self.logits(outputs), _labels_in(outputs), self.class_counts)
        return self(outputs=outputs), {"auxiliary_accuracy": accuracy}


def _labels_in(outputs: Outputs) -> tf.Tensor:
    if outputs.inputs.labels is None:
        raise UserError(
            "label_adversary needs labels, and this batch has none: train a conditional model."
        )
    return outputs.inputs.labels


def _standardized(codes: tf.Tensor) -> tf.Tensor:
    mean, variance = tf.nn.moments(codes, axes=[0], keepdims=True)
    return (codes - mean) * tf.math.rsqrt(variance + 1e-6)
