import keras
import numpy as np
import pytest

from tfdis.architectures.residual_layers import AdaptiveInstanceNormalization
from tfdis.architectures.residual_networks import residual_decoder, residual_encoder
from tfdis.errors import UserError


@pytest.mark.slow
def test_have_as_many_weights_as_tripods_networks():
    """Counted in github.com/kylehkhsu/tripod with 12 latents on 64x64x3."""
    encoder = residual_encoder(12, (64, 64, 3))
    assert keras.Model(encoder.input, encoder.outputs[0]).count_params() == 4_098_092
    assert residual_decoder(12, (64, 64, 3)).count_params() == 16_140_163


@pytest.mark.parametrize("side", [32, 64, 128, 256])
def test_take_every_side_and_any_channels(side):
    encoder = residual_encoder(3, (side, side, 2), width=0.02)
    decoder = residual_decoder(3, (side, side, 2), width=0.02)
    images = np.random.RandomState(0).uniform(size=(2, side, side, 2)).astype(np.float32)
    mean, log_variance = encoder(images)
    assert mean.shape == log_variance.shape == (2, 3)
    assert decoder(mean).shape == images.shape


def test_the_top_level_layers_are_the_stages():
    decoder = residual_decoder(3, (32, 32, 1), width=0.02)
    names = [layer.name for layer in decoder.layers]
    assert names == ["codes", "image", "condition", "stage_1", "stage_2", "logits"]


def test_are_read_back(tmp_path):
    decoder = residual_decoder(3, (32, 32, 1), width=0.02)
    decoder.save(tmp_path / "decoder.keras")
    z = np.random.RandomState(0).normal(size=(4, 3)).astype(np.float32)
    again = keras.models.load_model(tmp_path / "decoder.keras")
    np.testing.assert_array_equal(again(z), decoder(z))


def test_adaptive_instance_normalization_equals_numpy():
    random_state = np.random.RandomState(0)
    features = random_state.normal(2.0, 3.0, size=(2, 5, 4, 3)).astype(np.float32)
    condition = random_state.normal(size=(2, 7)).astype(np.float32)
    layer = AdaptiveInstanceNormalization()
    found = layer([features, condition])
    kernel, bias = map(np.asarray, layer.linear.weights)
    scale, shift = np.split((condition @ kernel + bias)[:, None, None], 2, axis=-1)
    mean, variance = (f(features, axis=(1, 2), keepdims=True) for f in (np.mean, np.var))
    expected = (features - mean) / np.sqrt(variance + 1e-5) * (1 + scale) + shift
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_name_the_side_that_does_not_fit():
    with pytest.raises(UserError, match=r"residual_encoder.*48 and 48"):
        residual_encoder(3, (48, 48, 1))
    with pytest.raises(UserError, match=r"residual_decoder.*48 and 48"):
        residual_decoder(3, (48, 48, 1))
