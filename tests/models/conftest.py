import keras
import numpy as np
import pytest

from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.kl import KL
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.vae import VAE


def small_discriminator(num_latents=3):
    codes = keras.Input((num_latents,))
    return keras.Model(codes, keras.layers.Dense(2)(keras.layers.Dense(8, "relu")(codes)))


@pytest.fixture
def images():
    return np.random.RandomState(0).randint(0, 256, size=(32, 8, 8, 1)).astype(np.uint8)


@pytest.fixture
def make_vae():
    """Makes a small VAE of the terms given, compiled; the same weights every time."""

    def make(*terms, seed=0, num_images=1000, optimizer=None):
        keras.utils.set_random_seed(1)
        encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1))
        decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
        terms = [BernoulliLoss(name="reconstruction_loss"), KL(name="kl_loss"), *terms]
        model = VAE(encoder, decoder, terms, num_images=num_images, seed=seed)
        model.compile(optimizer or keras.optimizers.Adam(0.01))
        return model

    return make


@pytest.fixture
def make_factor_vae(make_vae):
    """Makes a FactorVAE mixed with beta-TC-VAE."""

    def make(second_batch=False, order="together", **kwargs):
        ratio = DensityRatio(
            2.0,
            adversary=small_discriminator(),
            optimizer=keras.optimizers.Adam(0.02),
            second_batch=second_batch,
            order=order,
        )
        return make_vae(ratio, TotalCorrelation(3.0), **kwargs)

    return make
