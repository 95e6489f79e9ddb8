"""The information-factorization conditional VAE, with or without the GAN."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.data.labels import Labels
from tfdis.errors import UserError
from tfdis.keys import Salt, subkey
from tfdis.losses.image_adversary import ImageAdversary
from tfdis.losses.label_classification import LabelClassification
from tfdis.losses.label_cross_entropy import label_probabilities
from tfdis.losses.term import LossTerm
from tfdis.models.conditional_vae import ConditionalVAE


@keras.saving.register_keras_serializable("tfdis")
class IFCVAE(ConditionalVAE):
    """IFCVAE, after Creswell et al. (2017): the label is removed from z and encoded separately.

    The decoder gets z and the soft label that the label encoder reads from the image. Which part
    each loss trains:

        reconstruction, KL and all other terms          encoder of z, decoder
        label on the input                              label encoder
        label on the reconstruction (w_le)              decoder (see `LabelClassification`)
        label predicted from z                          auxiliary discriminator
        loss against that prediction (w_aux)            encoder of z
        real and made images told apart                 image discriminator, where there is one
        loss against it (w_gan)                         decoder; encoder of z too where the label on
                                                        the reconstruction trains everything

    Label encoder and discriminators have optimizers of their own.

    Args:
        encoder: images to (mean, log variance), each `[batch, num_latents]`.
        decoder: codes joined with labels, `[batch, num_latents + width]`, to logits.
        terms: see `Autoencoder`; one of them is a `LabelClassification`, which owns the label
            encoder; a `LabelAdversary` makes z forget the label; an `ImageAdversary` is the GAN.
        labels: which factors the labels are made of.
        num_images: see `Autoencoder`.
        seed: see `Autoencoder`.

    Raises:
        UserError: there is not exactly one `LabelClassification`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        labels: Labels,
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        kwargs.pop("tiler", None)
        super().__init__(encoder, decoder, terms, labels, None, num_images, seed, **kwargs)
        count = sum(isinstance(term, LabelClassification) for term in self.terms)
        if count != 1:
            raise UserError(
                f"An IFCVAE needs one LabelClassification among its terms: there are {count}."
            )
        self.built = True

    @property
    def classification(self) -> LabelClassification:
        """The term that owns the label encoder."""
        return next(term for term in self.terms if isinstance(term, LabelClassification))

    def infer_labels(self, images: tf.Tensor) -> tf.Tensor:
        """The soft labels that the label encoder reads from images, float32 `[batch, width]`."""
        logits = self.classification.logits(images)
        return label_probabilities(logits, self.labels.class_counts)

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`; the decoder gets the label encoder's reading for the label.

        Adds "label_logits", what the label encoder reads from the images, `[batch, width]`, and
        "decoded", the reconstructions in [0, 1], with a gradient that reaches the decoder alone
        unless the label on the reconstruction trains everything; for an `ImageAdversary` "drawn",
        what the decoder makes of a draw from the prior and each image's label.
        """
        inputs = self.with_labels(inputs)
        posterior = self.combine_posteriors(self.posterior(inputs, training), inputs)
        z = self.sample(posterior, key)
        label_logits = self.classification.logits(inputs.images, training)
        soft = tf.stop_gradient(label_probabilities(label_logits, self.labels.class_counts))
        logits = self.decode(z, soft, training)
        decoded = logits
        if self.classification.trains == "decoder":
            # A second decoding, a tenth of the step, whose gradient ends before the encoder of z.
            decoded = self.decode(tf.stop_gradient(z), soft, training)
        extras = {"label_logits": label_logits, "decoded": self.reconstruction.pixels(decoded)}
        if any(isinstance(term, ImageAdversary) for term in self.terms):
            drawn = self.sample_prior(tf.shape(z)[0], subkey(key, Salt.PRIOR_DRAWS))
            drawn = self.decode(drawn, inputs.labels, training)
            extras["drawn"] = self.reconstruction.pixels(drawn)
        prior = self.prior_distribution()
        return Outputs(inputs, z, logits, step, key, posterior, prior, extras)
