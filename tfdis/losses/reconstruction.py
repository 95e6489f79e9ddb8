"""What reconstruction losses share, and their common gin name."""

from collections.abc import Callable
from typing import ClassVar, Literal

import gin
import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.config import configurable
from tfdis.losses.term import LossTerm, Weight


class Reconstruction(LossTerm):
    """A distance of images from their reconstructions, summed over pixels.

    A subclass writes `per_image`.

    Attributes:
        activation: what makes pixels of the decoder's output: "logits" (a sigmoid) or "tanh"
            (tanh(x) / 2 + 1/2), disentanglement_lib's option.
    """

    value_name: ClassVar[str] = "reconstruction_loss"
    is_log_likelihood: ClassVar[bool] = False  # whether per_image is -log p(x | z)

    activation: Literal["logits", "tanh"] = "logits"

    def pixels(self, logits: tf.Tensor) -> tf.Tensor:
        """The image in [0, 1] that the decoder's output stands for, of the same shape."""
        return tf.sigmoid(logits) if self.activation == "logits" else tf.tanh(logits) / 2 + 0.5

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The distance of each image from its reconstruction, `[batch]`."""
        raise NotImplementedError

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean distance over the batch, a scalar."""
        return tf.reduce_mean(self.per_image(outputs.inputs.images, outputs.logits))


@configurable("reconstruction_loss")
def reconstruction_loss(
    loss_fn: Callable[..., Reconstruction] = gin.REQUIRED,
    activation: Literal["logits", "tanh"] | None = None,
    weight: Weight | None = None,
) -> Reconstruction:
    """The reconstruction term that gin names.

    Args:
        loss_fn: `@bernoulli_loss`, `@l2_loss`, or another that makes a `Reconstruction`.
        activation: see `Reconstruction`; None leaves it to `loss_fn`.
        weight: the weight of the reconstruction; None leaves it to `loss_fn`.
    """
    given = {"activation": activation, "weight": weight}
    return loss_fn(**{name: value for name, value in given.items() if value is not None})
