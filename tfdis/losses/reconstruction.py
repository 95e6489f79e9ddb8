"""What reconstruction losses share, and their gin name."""

from collections.abc import Callable
from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.losses.term import Batch, LossTerm, Weight


class Reconstruction(LossTerm):
    """A distance of images from their reconstructions, summed over pixels.

    A subclass writes `per_image`.

    Args:
        activation: what makes pixels of the decoder's output: "logits" (a sigmoid) or "tanh"
            (tanh(x) / 2 + 1/2), disentanglement_lib's option.
        weight: the weight of the reconstruction.
        name: see `LossTerm`.

    Raises:
        UserError: there is no such activation.
    """

    def __init__(
        self,
        activation: str = "logits",
        weight: Weight = 1.0,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        if activation not in ("logits", "tanh"):
            raise UserError(
                f"reconstruction_loss.activation is '{activation}': it is 'logits' or 'tanh'."
            )
        self.activation = activation

    def pixels(self, logits: tf.Tensor) -> tf.Tensor:
        """The image in [0, 1] that the decoder's output stands for, of the same shape."""
        return tf.sigmoid(logits) if self.activation == "logits" else tf.tanh(logits) / 2 + 0.5

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The distance of each image from its reconstruction, `[batch]`."""
        raise NotImplementedError

    def call(self, batch: Batch) -> tf.Tensor:
        """The mean distance over the batch, a scalar."""
        return tf.reduce_mean(self.per_image(batch.images, batch.logits))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {**super().get_config(), "activation": self.activation}


@configurable("reconstruction_loss")
def reconstruction_loss(
    loss_fn: Callable[..., Reconstruction] = gin.REQUIRED,
    activation: str = "logits",
    weight: Weight = 1.0,
) -> Reconstruction:
    """The reconstruction term that gin names.

    Args:
        loss_fn: `@bernoulli_loss`, `@l2_loss`, or another that makes a `Reconstruction`.
        activation: see `Reconstruction`.
        weight: the weight of the reconstruction, a number or a schedule.
    """
    return loss_fn(activation=activation, weight=weight, name="reconstruction_loss")


keras.saving.register_keras_serializable("tfdis")(Reconstruction)
