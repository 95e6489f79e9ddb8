"""The Bernoulli reconstruction loss."""

import tensorflow as tf

from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import loss_term

_TINY = 1e-6


@loss_term("bernoulli_loss")
class BernoulliLoss(Reconstruction):
    """-log p(x | z) in nats, pixels being independent Bernoulli variables.

    Attributes:
        subtract_true_image_entropy: subtract the entropy of the image, the smallest value that the
            loss can take where pixels are neither 0 nor 1.
    """

    subtract_true_image_entropy: bool = False

    @property
    def is_log_likelihood(self) -> bool:
        """See `Reconstruction`."""
        return not self.subtract_true_image_entropy

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """The cross-entropy of each image and its reconstruction in nats, `[batch]`."""
        if self.activation == "logits":
            # Equal to sigmoid_cross_entropy_with_logits, in a quarter of the time.
            loss = tf.nn.softplus(logits) - logits * images
        else:
            loss = cross_entropy(images, self.pixels(logits))
        if self.subtract_true_image_entropy:
            clipped = tf.clip_by_value(images, _TINY, 1 - _TINY)
            loss -= cross_entropy(clipped, clipped)
        return tf.reduce_sum(loss, axis=(1, 2, 3))


def cross_entropy(images: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """-x log p - (1 - x) log(1 - p) in nats, pixel by pixel; p is clipped away from 0 and 1."""
    p = tf.clip_by_value(probabilities, _TINY, 1 - _TINY)
    return -(images * tf.math.log(p) + (1 - images) * tf.math.log(1 - p))
