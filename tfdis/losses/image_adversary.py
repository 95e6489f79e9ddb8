"""The GAN of IFcVAE-GAN: a discriminator of images."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.errors import UserError
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.term import loss_term


@loss_term("image_adversary", requires=["adversary"])
class ImageAdversary(AdversarialTerm):
    """The loss of images that a discriminator does not take for real, in nats (IFcVAE-GAN).

    As in the code of Creswell et al. (2017), a discriminator C learns to separate images from
    reconstructions and from what the decoder makes of draws from the prior. It minimizes the mean
    of -log C(image), -log(1 - C(reconstruction)) and -log(1 - C(drawn)); the model minimizes the
    mean of -log C(reconstruction) and -log C(drawn).

    For a model that gives "decoded" and "drawn", images in [0, 1]: an `IFCVAE` does.

    Attributes:
        adversary: images `[batch, height, width, channels]` -> logits `[batch, 1]` that they are
            real.
    """

    of_codes: ClassVar[bool] = False
    value_name: ClassVar[str] = "image_adversary_loss"

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `AdversarialTerm`; the discriminator has to be given."""
        if self.adversary is None:
            raise UserError("ImageAdversary needs a discriminator of images: pass it as adversary.")
        super().prepare(num_latents, num_images)

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean of the two, a scalar."""
        made = [self._logits(outputs[name]) for name in ("decoded", "drawn")]
        return tf.add_n([tf.reduce_mean(tf.nn.softplus(-logits)) for logits in made]) / 2.0

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """The mean of the three cross-entropies, a scalar."""
        real = tf.nn.softplus(-self._logits(outputs.inputs.images, training=True))
        made = [self._logits(outputs[name], training=True) for name in ("decoded", "drawn")]
        losses = [real, *map(tf.nn.softplus, made)]
        return tf.add_n([tf.reduce_mean(loss) for loss in losses]) / 3.0

    def _logits(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        return tf.cast(self.adversary(images, training=training), tf.float32)
