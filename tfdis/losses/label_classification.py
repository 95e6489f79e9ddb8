"""The positive part of IFCVAE: the label encoder, and whether reconstructions show the label."""

from typing import ClassVar, Literal

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.errors import UserError
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.label_cross_entropy import label_accuracy, label_cross_entropy
from tfdis.losses.term import loss_term


@loss_term("label_classification", requires=["adversary"])
class LabelClassification(AdversarialTerm):
    """The cross-entropy of the label that the label encoder reads from the reconstruction.

    After Creswell et al. (2017), whose label encoder learns from the input (`adversary_loss`) and
    whose decoder learns to draw what the label encoder then recognizes (`call`). No other part gets
    a gradient: the label encoder gets none from the reconstruction, or it could agree with the
    decoder on a hidden mark; the encoder of z gets none, or it would be rewarded for carrying the
    label. In the paper's code all three get it, which `trains` "everything" does too. The weight is
    w_le.

    Attributes:
        adversary: the label encoder, images `[batch, height, width, channels]` -> logits
            `[batch, width]`.
        class_counts: see `tfdis.losses.label_cross_entropy`.
        class_weights: likewise.
        trains: what learns from the label on the reconstruction: the "decoder", or "everything".
    """

    report_names: ClassVar[tuple[str, ...]] = (
        "label_accuracy_input",
        "label_accuracy_reconstruction",
    )
    value_name: ClassVar[str] = "label_loss"

    class_counts: tuple[int, ...]
    class_weights: tuple[float, ...] | None = None
    trains: Literal["decoder", "everything"] = "decoder"

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `AdversarialTerm`; the label encoder has to be given."""
        if self.adversary is None:
            raise UserError("LabelClassification needs a label encoder: pass it as adversary.")
        super().prepare(num_latents, num_images)

    def logits(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The label encoder's logits for images, float32 `[batch, width]`."""
        return tf.cast(self.adversary(images, training=training), tf.float32)

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The cross-entropy of the label read from the reconstruction, a scalar."""
        return self._cross_entropy(self.logits(outputs["decoded"]), outputs.inputs.labels)

    def value_and_report(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The cross-entropy, and the accuracies on the input and on the reconstruction."""
        labels = outputs.inputs.labels
        read = (outputs["label_logits"], self.logits(outputs["decoded"]))
        accuracies = (label_accuracy(each, labels, self.class_counts) for each in read)
        return self._cross_entropy(read[1], labels), dict(zip(self.report_names, accuracies))

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """The cross-entropy of the label read from the input, a scalar.

        Where "everything" learns from the reconstruction, with the weighted one of `call` added.
        """
        labels = outputs.inputs.labels
        loss = self._cross_entropy(self.logits(outputs.inputs.images, training=True), labels)
        if self.trains == "decoder":
            return loss
        on_reconstruction = self._cross_entropy(self.logits(outputs["decoded"], True), labels)
        return loss + self.at("weight", outputs.step) * on_reconstruction

    def _cross_entropy(self, logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        return label_cross_entropy(logits, labels, self.class_counts, self.class_weights)
