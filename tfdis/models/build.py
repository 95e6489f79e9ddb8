"""From loss terms to a model for a data set, with the networks that gin chose."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import gin

from tfdis.architectures.decoders import make_decoder
from tfdis.architectures.discriminators import make_discriminator
from tfdis.architectures.encoders import make_encoder
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.sampling import num_drawn_images
from tfdis.distributions.choice import vae_distributions
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.term import LossTerm
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.vae import VAE
from tfdis.optimizers import make_discriminator_optimizer

# The type of gin's `model.model`: makes the model for a data set and a seed.
Builder = Callable[[GroundTruthData, int], Autoencoder]


@configurable("loss_terms")
def loss_terms(terms: Sequence[LossTerm] = gin.REQUIRED) -> Builder:
    """A VAE whose objective is the sum of these terms, each with its own weight or schedule.

    Args:
        terms: any of the library's terms; one of them is a reconstruction.

    Returns:
        What makes the model for a data set.

    Example:
        FactorVAE and beta-TC-VAE in one, in gin:

            model.model = @loss_terms()
            loss_terms.terms = [@reconstruction_loss(), @kl(), @density_ratio(),
                                @total_correlation()]
            density_ratio.weight = 10.0
            total_correlation.weight = 3.0
    """
    return functools.partial(build, VAE, list(terms))


@configurable("deterministic_loss_terms")
def deterministic_loss_terms(terms: Sequence[LossTerm] = gin.REQUIRED) -> Builder:
    """As `loss_terms`, for an autoencoder with a deterministic encoder."""
    return functools.partial(build, Autoencoder, list(terms))


def build(
    model_class: type[Autoencoder],
    terms: Sequence[LossTerm],
    data: GroundTruthData,
    seed: int,
    **arguments: Any,
) -> Autoencoder:
    """Makes a model for a data set, with the networks that gin chose.

    Args:
        model_class: `VAE`, or another with its constructor; `Autoencoder` gets a deterministic
            encoder.
        terms: the loss terms.
        data: the data set.
        seed: of all noise.
        **arguments: more of the model class' own.
    """
    encoder = make_encoder(data.observation_shape, deterministic=model_class is Autoencoder)
    num_latents = encoder.outputs[0].shape[-1]
    decoder = make_decoder(num_latents, data.observation_shape)
    give_adversaries(terms, num_latents)
    num_images = num_drawn_images(data)
    if issubclass(model_class, VAE):
        arguments = {**vae_distributions(), **arguments}
    return model_class(encoder, decoder, terms, num_images=num_images, seed=seed, **arguments)


def give_adversaries(terms: Sequence[LossTerm], num_latents: int) -> None:
    """Gives gin's `discriminator` and its optimizer to the terms that have none."""
    for term in terms:
        if isinstance(term, AdversarialTerm) and term.of_codes:
            if term.adversary is None:
                term.adversary = make_discriminator(num_latents, num_classes=term.num_classes)
            if term.optimizer is None:
                term.optimizer = make_discriminator_optimizer()
