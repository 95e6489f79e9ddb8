"""The conditional algorithms by their gin names."""

import functools
from collections.abc import Callable, Sequence
from typing import Literal

import gin
import keras

from tfdis.architectures.decoders import make_decoder
from tfdis.architectures.discriminators import conv_discriminator, make_discriminator
from tfdis.architectures.encoders import make_encoder
from tfdis.architectures.tilers import label_tiler
from tfdis.checks import Count
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.labels import select_labels
from tfdis.data.sampling import num_drawn_images
from tfdis.distributions.choice import vae_distributions
from tfdis.errors import UserError
from tfdis.losses.image_adversary import ImageAdversary
from tfdis.losses.label_adversary import LabelAdversary
from tfdis.losses.label_classification import LabelClassification
from tfdis.losses.term import LossTerm, Weight
from tfdis.models.build import Builder, give_adversaries
from tfdis.models.conditional_vae import ConditionalVAE
from tfdis.models.ifcvae import IFCVAE
from tfdis.optimizers import make_discriminator_optimizer, make_vae_optimizer

Factors = Sequence[int | str] | int | str


@configurable("cvae")
def cvae(
    labels: Factors = gin.REQUIRED,
    terms: Sequence[LossTerm] = gin.REQUIRED,
    tiler: Callable[[int, int], keras.Model] = label_tiler,
) -> Builder:
    """CVAE (Sohn et al., 2015).

    Args:
        labels: the factors to condition on, one or several, by index or name.
        terms: the loss terms; one of them is a reconstruction.
        tiler: what makes planes of labels for the encoder: `@learned_tiler` or `@constant_tiler`.

    Example:
        In gin:

            model.model = @cvae()
            cvae.labels = ["shape"]
            cvae.terms = [@reconstruction_loss(), @kl()]
    """

    def build(data: GroundTruthData, seed: int) -> ConditionalVAE:
        selected = select_labels(data, labels)
        width = sum(selected.class_counts)
        height, breadth, channels = data.observation_shape
        if height != breadth:
            raise UserError(
                f"cvae tiles labels on square images only: those of {data.name} have the sides "
                f"{height} and {breadth}."
            )
        encoder = make_encoder((height, breadth, channels + width))
        num_latents = encoder.outputs[0].shape[-1]
        decoder = make_decoder(num_latents + width, data.observation_shape)
        give_adversaries(terms, num_latents)
        return ConditionalVAE(
            encoder,
            decoder,
            terms,
            selected,
            tiler(width, height),
            num_drawn_images(data),
            seed,
            **vae_distributions(),
        )

    return build


@configurable("ifcvae")
def ifcvae(
    labels: Factors = gin.REQUIRED,
    terms: Sequence[LossTerm] = gin.REQUIRED,
    w_le: Weight = 1.0,
    w_aux: Weight = 1.0,
    auxiliary_updates: Count = 1,
    auxiliary_objective: Literal["uninformed", "cross_entropy"] = "uninformed",
) -> Builder:
    """IFCVAE, after Creswell et al. (2017), without the GAN; see `IFCVAE`, and `ifcvae_gan`.

    The label encoder and its optimizer are gin's `encoder` and `vae_optimizer` in the scope
    "label", the auxiliary discriminator and its optimizer gin's `discriminator` and
    `discriminator_optimizer` in the scope "auxiliary": what is not bound there, is as without.

    Args:
        labels: the factors to remove from z, one or several, by index or name.
        terms: the other loss terms; one of them is a reconstruction.
        w_le: the weight of the label on the reconstruction.
        w_aux: the weight of the encoder's loss against the auxiliary discriminator.
        auxiliary_updates: how often the auxiliary discriminator is trained on each batch.
        auxiliary_objective: that loss; "cross_entropy" is the paper's, see
            `LabelAdversary`.

    Example:
        In gin:

            model.model = @ifcvae()
            ifcvae.labels = ["shape"]
            ifcvae.terms = [@reconstruction_loss(), @kl()]
            ifcvae.w_aux = 20.0
            label/conv_encoder.width = 0.25
            auxiliary/fc_discriminator.layer_size = 256
    """
    return functools.partial(
        _build_ifcvae, labels, terms, w_le, w_aux, auxiliary_updates, auxiliary_objective, "decoder"
    )


@configurable("ifcvae_gan")
def ifcvae_gan(
    labels: Factors = gin.REQUIRED,
    terms: Sequence[LossTerm] = gin.REQUIRED,
    w_le: Weight = 1.0,
    w_aux: Weight = 1.0,
    w_gan: Weight = 1.0,
    auxiliary_updates: Count = 1,
) -> Builder:
    """IFcVAE-GAN as published (Creswell et al., 2017, and their code).

    The label on the reconstruction trains encoder, decoder and label encoder. The encoder minimizes
    -w_aux times the auxiliary discriminator's cross-entropy on the codes. Encoder and decoder learn
    to deceive a discriminator, which separates images from reconstructions and from decoded
    draws from the prior. The authors' label encoder is a layer on the encoder's features, to which
    it gives no gradient; here it is a separate network, and the reconstruction does not train it.

    The image discriminator is gin's `conv_discriminator` in the scope "image", and its optimizer
    `discriminator_optimizer` there; for the other scopes see `ifcvae`.

    Args:
        labels: see `ifcvae`.
        terms: see `ifcvae`; the paper's are a reconstruction and KL.
        w_le: the weight of the label on the reconstruction, beta in the authors' code.
        w_aux: the weight of the encoder's loss against the auxiliary discriminator, their gamma.
        w_gan: the weight of the loss against the image discriminator, their delta.
        auxiliary_updates: see `ifcvae`.
    """

    def build(data: GroundTruthData, seed: int) -> IFCVAE:
        with gin.config_scope("image"):
            adversary = ImageAdversary(
                w_gan,
                adversary=conv_discriminator(data.observation_shape, num_classes=1),
                optimizer=make_discriminator_optimizer(),
            )
        return _build_ifcvae(
            labels,
            [*terms, adversary],
            w_le,
            w_aux,
            auxiliary_updates,
            "cross_entropy",
            "everything",
            data,
            seed,
        )

    return build


def _build_ifcvae(
    labels: Factors,
    terms: Sequence[LossTerm],
    w_le: Weight,
    w_aux: Weight,
    auxiliary_updates: int,
    auxiliary_objective: str,
    trains: str,
    data: GroundTruthData,
    seed: int,
) -> IFCVAE:
    selected = select_labels(data, labels)
    counts, width = selected.class_counts, sum(selected.class_counts)
    encoder = make_encoder(data.observation_shape)
    num_latents = encoder.outputs[0].shape[-1]
    decoder = make_decoder(num_latents + width, data.observation_shape)
    with gin.config_scope("label"):
        label_encoder = make_encoder(data.observation_shape, num_latent=width, deterministic=True)
        classification = LabelClassification(
            w_le,
            adversary=label_encoder,
            optimizer=make_vae_optimizer(),
            class_counts=counts,
            class_weights=tuple(selected.class_weights.tolist()),
            trains=trains,
        )
    with gin.config_scope("auxiliary"):
        discriminator = make_discriminator(num_latents, num_classes=width)
        optimizer = make_discriminator_optimizer()
        adversary = LabelAdversary(
            w_aux,
            adversary=discriminator,
            optimizer=optimizer,
            num_updates=auxiliary_updates,
            class_counts=counts,
            objective=auxiliary_objective,
        )
    give_adversaries(terms, num_latents)
    all_terms = [*terms, classification, adversary]
    return IFCVAE(
        encoder,
        decoder,
        all_terms,
        selected,
        num_drawn_images(data),
        seed,
        **vae_distributions(),
    )
