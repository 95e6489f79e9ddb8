"""Reconstruction losses that are the negative logarithm of a likelihood."""

from collections.abc import Callable
from typing import Any, ClassVar

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.errors import UserError
from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import loss_term

tfd = tfp.distributions


class Likelihood(Reconstruction):
    """-log p(x | z) in nats under a tfp distribution. A subclass writes `distribution`."""

    is_log_likelihood: ClassVar[bool] = True

    def distribution(self, images: tf.Tensor, logits: tf.Tensor) -> tfd.Distribution:
        """p(x | z): batch shape `[batch]`, event shape `[height, width, channels]`.

        Args:
            images: what it is compared with, for a distribution that is fitted to them.
            logits: what the decoder gives.
        """
        raise NotImplementedError

    def per_image(self, images: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        """-log p(x | z) of each image in nats, `[batch]`."""
        return -self.distribution(images, logits).log_prob(images)


@loss_term("likelihood_loss", requires=["function"])
class LikelihoodLoss(Likelihood):
    """-log p(x | z) under any tfp distribution.

    Attributes:
        function: from pixels in [0, 1], `[batch, height, width, channels]`, to a distribution of
            batch shape `[batch]`. It is registered with
            `keras.saving.register_keras_serializable`, so that a saved model finds it.
    """

    function: Callable[[tf.Tensor], tfd.Distribution] | None = None

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Raises a UserError where no function is given."""
        if self.function is None:
            raise UserError("likelihood_loss needs a function from pixels to a tfp distribution.")

    def distribution(self, images: tf.Tensor, logits: tf.Tensor) -> tfd.Distribution:
        """See `Likelihood.distribution`."""
        del images
        return self.function(self.pixels(logits))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        function = keras.saving.serialize_keras_object(self.function)
        return {**super().get_config(), "function": function}
