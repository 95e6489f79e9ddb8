"""The algorithms with quantized latents by their gin names."""

import math
from collections.abc import Sequence

import gin
import keras
import numpy as np

from tfdis.architectures.decoders import make_decoder
from tfdis.architectures.encoders import make_encoder
from tfdis.architectures.lattice import finite_lattice
from tfdis.architectures.quantizer import Quantizer
from tfdis.architectures.scalar_codebooks import scalar_codebooks
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.losses.codebook import Commitment, Quantization
from tfdis.losses.hessian_penalty import HessianPenalty
from tfdis.losses.latent_multiinformation import LatentMultiinformation
from tfdis.losses.reconstruction import reconstruction_loss
from tfdis.losses.term import LossTerm
from tfdis.models.build import Builder, give_adversaries
from tfdis.models.quantized_autoencoder import QuantizedAutoencoder

_MEAN_OF = 256  # images


@configurable("quantized_loss_terms")
def quantized_loss_terms(
    terms: Sequence[LossTerm] = gin.REQUIRED, quantizer: Quantizer = gin.REQUIRED
) -> Builder:
    """A quantized autoencoder whose objective is the sum of these terms.

    The bias of the decoder's logits starts at the data's mean. From 0, the steps in which the
    decoder learns the background would drive all codes to one end of their range, where a bounded
    latent has no gradient.

    Args:
        terms: any of the library's terms that need no posterior; one of them is a reconstruction.
        quantizer: `@scalar_codebooks()`, `@finite_scalar_quantization()` or `@finite_lattice()`.

    Returns:
        What makes the model for a data set.

    Example:
        An autoencoder with finite scalar quantization, in gin:

            model.model = @quantized_loss_terms()
            quantized_loss_terms.terms = [@reconstruction_loss()]
            quantized_loss_terms.quantizer = @finite_scalar_quantization()
    """

    def build(data: GroundTruthData, seed: int) -> QuantizedAutoencoder:
        features = make_encoder(data.observation_shape, deterministic=True)
        fresh = type(quantizer).from_config(quantizer.get_config())
        encoder = keras.Model(features.input, fresh(features.output), name=features.name)
        num_latents = encoder.outputs[0].shape[-1]
        decoder = make_decoder(num_latents, data.observation_shape)
        _start_at_the_mean(decoder, data, seed)
        give_adversaries(terms, num_latents)
        return QuantizedAutoencoder(encoder, decoder, terms, data.num_images, seed)

    return build


def _start_at_the_mean(decoder: keras.Model, data: GroundTruthData, seed: int) -> None:
    bias = decoder.trainable_variables[-1]
    if bias.name == "bias":
        images = data.sample_observations(_MEAN_OF, np.random.RandomState(seed))
        mean = np.clip(np.mean(images, axis=(0, 1, 2)), 1e-3, 1 - 1e-3)
        # One for each channel, or, after a dense layer, for each pixel with channels last.
        bias.assign(np.resize(np.log(mean / (1 - mean)), bias.shape))


@configurable("qlae")
def qlae(quantization: float = 0.01, commitment: float = 0.01) -> Builder:
    """QLAE (Hsu et al., 2023): scalar codebooks, with AdamW's weight decay of 0.1 beside.

    The paper's reconstruction is a mean over pixels, ours a sum: its weights are multiplied by
    the number of pixel values, so that they mean here what they mean there. Weights, 10 values
    for each latent, weight decay and its exceptions are those of the paper's code; it also clips
    each gradient at 1, has batches of 128 and twice as many latents as factors.

    Args:
        quantization: the paper's weight of `Quantization`.
        commitment: the paper's weight of `Commitment`.
    """

    def build(data: GroundTruthData, seed: int) -> QuantizedAutoencoder:
        size = math.prod(data.observation_shape)
        terms = [
            reconstruction_loss(),
            Quantization(size * quantization),
            Commitment(size * commitment),
        ]
        return quantized_loss_terms(terms, scalar_codebooks())(data, seed)

    return build


@configurable("tripod")
def tripod(multiinformation: float = 1e-4, hessian: float = 1e-2) -> Builder:
    """Tripod (Hsu et al., 2024): a fixed grid, independent latents, a decoder that mixes none.

    The paper's reconstruction is a mean over pixels, ours a sum: see `qlae`. The defaults are those
    of the paper's code for Shapes3D; it has others for other data, from 1e-10 to 1e-4 and from
    1e-8 to 1e-2. It also clips each gradient at 1, and has twice as many latents as factors.

    Args:
        multiinformation: the paper's weight of `LatentMultiinformation`.
        hessian: the paper's weight of `HessianPenalty`.
    """

    def build(data: GroundTruthData, seed: int) -> QuantizedAutoencoder:
        size = math.prod(data.observation_shape)
        terms = [
            reconstruction_loss(),
            LatentMultiinformation(size * multiinformation),
            HessianPenalty(size * hessian),
        ]
        return quantized_loss_terms(terms, finite_lattice())(data, seed)

    return build
