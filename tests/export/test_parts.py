import keras
import numpy as np
import pytest
from narrow_networks import make_model

from tfdis.architectures import encoders
from tfdis.distributions import diagonal_laplace
from tfdis.errors import UserError
from tfdis.export.parts import part
from tfdis.losses.l2 import L2Loss
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.vae import VAE


def nchw(images):
    return np.moveaxis(images, 3, 1)


@pytest.mark.parametrize("activation", ["logits", "tanh"])
def test_parts_are_the_models(images, activation):
    model = make_model(activation=activation)
    mean, log_variance = (output.numpy() for output in model.encoder(images))
    pixels = model.reconstruction.pixels(model.decoder(mean)).numpy()

    encoder = part(model, "encoder")
    assert (encoder.inputs, encoder.outputs) == (("images",), ("mean", "log_variance"))
    for found, expected in zip(encoder.model([nchw(images)]), (mean, log_variance), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    representation = part(model, "representation").model([nchw(images)])
    np.testing.assert_allclose(representation, mean, atol=1e-6)
    decoded = part(model, "decoder").model([mean])
    np.testing.assert_allclose(decoded, nchw(pixels), atol=1e-6)
    assert (decoded.numpy() >= 0).all()
    assert (decoded.numpy() <= 1).all()
    *_, reconstructions = part(model, "autoencoder", "NHWC").model([images])
    np.testing.assert_allclose(reconstructions, pixels, atol=1e-6)


def test_a_sample_takes_its_noise(model, images):
    sampled = part(model, "representation", sampled=True)
    assert sampled.inputs == ("images", "noise")
    noise = np.random.default_rng(2).normal(size=(5, 3)).astype(np.float32)
    mean, log_variance = (output.numpy() for output in model.encoder(images))
    expected = mean + np.sqrt(np.exp(log_variance)) * noise
    np.testing.assert_allclose(sampled.model([nchw(images), noise]), expected, atol=1e-5)


def test_mixed_precision_is_exported_in_float32(images):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = make_model()
    finally:
        keras.config.set_dtype_policy("float32")
    exported = part(mixed, "encoder", "NHWC")
    mean, _ = exported.model([images])
    assert mean.dtype == "float32"
    whole = make_model()
    whole.set_weights(mixed.get_weights())
    np.testing.assert_allclose(mean, whole.encoder(images)[0], atol=1e-6)


def test_a_deterministic_encoder_has_no_log_variance(images):
    network = encoders.conv_encoder(3, images.shape[1:], width=0.1)
    codes = keras.Model(network.input, network.outputs[0])
    model = Autoencoder(codes, make_model().decoder, [L2Loss()])
    assert part(model, "encoder").outputs == ("mean",)
    with pytest.raises(UserError, match="no sample"):
        part(model, "representation", sampled=True)


def test_only_gaussian_samples_are_exported(model):
    other = VAE(model.encoder, model.decoder, model.terms, posterior_family=diagonal_laplace)
    with pytest.raises(UserError, match="posterior is no Gaussian, and samples of others"):
        part(other, "representation", sampled=True)
    assert part(other, "representation").outputs == ("representation",)


def test_errors_name_what_there_is(model):
    with pytest.raises(UserError, match=r"'encodr'.*encoder, representation"):
        part(model, "encodr")
    with pytest.raises(UserError, match="'CHWN'"):
        part(model, "encoder", layout="CHWN")
