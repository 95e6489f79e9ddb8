"""Scores of a quantized model are the scores of its codes as an array."""

import keras
import numpy as np
import pytest
from tables import IndexImages, lookup

import tfdis
from tfdis.architectures.decoders import fc_decoder
from tfdis.architectures.finite_scalar_quantization import FiniteScalarQuantization
from tfdis.architectures.scalar_codebooks import ScalarCodebooks
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.metrics import infomec, mig
from tfdis.models.quantized_autoencoder import QuantizedAutoencoder

SIZES = [6, 5, 4]
SETTINGS = {
    "mig": ["mig.num_train = 400"],
    "sap_score": ["sap_score.num_train = 300", "sap_score.num_test = 100"],
    "irs": ["irs.num_train = 400"],
    "factor_vae_score": [
        "factor_vae_score.num_train = 60",
        "factor_vae_score.num_eval = 30",
        "factor_vae_score.num_variance_estimate = 100",
    ],
    "modularity_explicitness": [
        "modularity_explicitness.num_train = 300",
        "modularity_explicitness.num_test = 100",
    ],
    "dci": ["dci.num_train = 200", "dci.num_test = 100"],
    "infomec": ["infomec.num_train = 400", "infomec.discrete_latents = True"],
}


@pytest.fixture(
    params=[ScalarCodebooks, pytest.param(FiniteScalarQuantization, marks=pytest.mark.slow)]
)
def model(request):
    """Three latents that know something of the three factors; its images spell their factors."""
    keras.utils.set_random_seed(3)
    images = keras.Input((2, 2, 1))
    # The first byte is the index, 0 to 119 of 255.
    index = keras.layers.Flatten()(images)[:, :1]
    hidden = keras.layers.Dense(16, "tanh", kernel_initializer="random_normal")(200.0 * index)
    features = keras.layers.Dense(3)(hidden)
    encoder = keras.Model(images, request.param(name="quantizer")(features))
    return QuantizedAutoencoder(encoder, fc_decoder(3, (2, 2, 1), (4,)), [BernoulliLoss()])


@pytest.fixture
def codes(model):
    data = IndexImages(SIZES)
    images = data.images(np.arange(data.num_images)).astype(np.float32) / 255
    codes = np.asarray(model.encoder(images))
    for latent, values in enumerate(model.latent_values):
        assert np.abs(codes[:, latent, None] - values).min(axis=1).max() < 1e-5
        assert 2 <= len(np.unique(codes[:, latent].round(5))) <= len(values)
    return codes


def test_every_score_is_that_of_the_array(model, codes):
    names, bindings = list(SETTINGS), [each for own in SETTINGS.values() for each in own]
    found, expected = (
        tfdis.evaluate(each, IndexImages(SIZES), names, bindings, verbose=False)
        for each in (model, lookup(codes))
    )
    for name in names:
        for key in found[name].keys() - {"elapsed_time"}:
            np.testing.assert_allclose(
                found[name][key], expected[name][key], rtol=1e-5, err_msg=f"{name}.{key}"
            )


def test_infomec_and_mig_are_the_functions_of_the_array(model, codes):
    data, random_state = IndexImages(SIZES), np.random.RandomState(0)
    factors = np.concatenate([data.sample_factors(16, random_state) for _ in range(25)])
    drawn = codes[data.index_of(factors, random_state)]
    scores = tfdis.evaluate(
        model, data, ["mig", "infomec"], SETTINGS["mig"] + SETTINGS["infomec"], verbose=False
    )
    expected = infomec(drawn, factors, discrete_latents=True)
    for name in ("infom", "infoe", "infoc"):
        assert scores["infomec"][name] == pytest.approx(expected[name], rel=1e-5)
    assert scores["mig"]["discrete_mig"] == pytest.approx(mig(drawn, factors)["discrete_mig"])
