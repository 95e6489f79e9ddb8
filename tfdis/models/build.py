"""From loss terms to a model for a data set, with the networks that gin chose."""

import functools
from collections.abc import Callable, Sequence

import gin

from tfdis.architectures.decoders import make_decoder
from tfdis.architectures.encoders import make_encoder
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.losses.term import LossTerm
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.vae import VAE

# What gin's `model.model` is: given a data set and a seed, it makes the model.
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
    return functools.partial(_build, VAE, tuple(terms))


@configurable("deterministic_loss_terms")
def deterministic_loss_terms(terms: Sequence[LossTerm] = gin.REQUIRED) -> Builder:
    """As `loss_terms`, for an autoencoder with a deterministic encoder."""
    return functools.partial(_build, Autoencoder, tuple(terms))


def _build(
    model_class: type[Autoencoder],
    terms: tuple[LossTerm, ...],
    data: GroundTruthData,
    seed: int,
) -> Autoencoder:
    encoder = make_encoder(data.observation_shape, deterministic=model_class is Autoencoder)
    decoder = make_decoder(encoder.outputs[0].shape[-1], data.observation_shape)
    return model_class(encoder, decoder, terms, num_images=data.num_images, seed=seed)
