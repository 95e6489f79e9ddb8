"""The squared reconstruction error."""

import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import Weight


@keras.saving.register_keras_serializable("tfdis")
class L2Loss(Reconstruction):
    """|x - x'|^2, the squared distance of an image from its reconstruction."""

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The squared distance of each image from its reconstruction, `[batch]`."""
        return tf.reduce_sum(tf.square(images - self.pixels(logits)), axis=(1, 2, 3))


@configurable("l2_loss", allowlist=[])
def l2_loss(activation: str = "logits", weight: Weight = 1.0, name: str | None = None) -> L2Loss:
    """The gin name of `L2Loss`."""
    return L2Loss(activation, weight, name)
