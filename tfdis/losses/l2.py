"""The squared reconstruction error."""

import tensorflow as tf

from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import loss_term


@loss_term("l2_loss")
class L2Loss(Reconstruction):
    """|x - x'|^2, the squared distance of an image from its reconstruction."""

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The squared distance of each image from its reconstruction, `[batch]`."""
        return tf.reduce_sum(tf.square(images - self.pixels(logits)), axis=(1, 2, 3))
