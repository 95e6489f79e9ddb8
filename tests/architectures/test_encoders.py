import gin
import keras
import numpy as np
import pytest

from tfdis.architectures import encoders
from tfdis.errors import UserError

ANY_SIZE = [
    encoders.conv_encoder,
    encoders.fc_encoder,
    encoders.shallow_fc_encoder,
    encoders.deep_fc_encoder,
    encoders.test_encoder,
]
CONVOLUTIONAL = [encoders.padless_conv_encoder, encoders.padded_conv_encoder]


@pytest.mark.parametrize("side", [32, 64, 128])
@pytest.mark.parametrize("build", ANY_SIZE + CONVOLUTIONAL)
def test_gives_mean_and_log_variance(build, side):
    encoder = build(num_latent=3, input_shape=(side, side, 2))
    mean, log_variance = encoder(np.random.default_rng(0).random((4, side, side, 2)))
    assert mean.shape == log_variance.shape == (4, 3)
    assert not np.allclose(mean, log_variance)


@pytest.mark.parametrize("build", CONVOLUTIONAL)
@pytest.mark.parametrize("shape", [(48, 48, 1), (64, 32, 1), (4, 4, 1)])
def test_names_the_side_that_does_not_fit(build, shape):
    with pytest.raises(UserError, match=f"{build.__name__}.*{shape[0]} and {shape[1]}"):
        build(num_latent=3, input_shape=shape)


def _convolutions(model):
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def test_padless_conv_encoder_is_the_papers():
    layers = _convolutions(encoders.padless_conv_encoder(10, (64, 64, 3)))
    assert [layer.output.shape[1:] for layer in layers] == [
        (31, 31, 32),
        (15, 15, 32),
        (7, 7, 64),
        (3, 3, 128),
        (1, 1, 256),
    ]
    assert {layer.kernel_size for layer in layers} == {(3, 3)}


def test_padded_conv_encoder_is_the_papers():
    layers = _convolutions(encoders.padded_conv_encoder(10, (64, 64, 3)))
    assert [layer.output.shape[1:] for layer in layers] == [
        (32, 32, 32),
        (16, 16, 32),
        (8, 8, 64),
        (4, 4, 128),
        (2, 2, 256),
        (1, 1, 256),
    ]
    assert {layer.kernel_size for layer in layers} == {(4, 4)}


def test_fully_connected_sizes():
    def sizes(model):
        return [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]

    assert sizes(encoders.shallow_fc_encoder(10, (8, 8, 1))) == [400, 10, 10]
    assert sizes(encoders.deep_fc_encoder(10, (8, 8, 1))) == [1000, 400, 200, 100, 10, 10]


def test_width_multiplies_every_hidden_layer():
    whole = encoders.conv_encoder(10, (64, 64, 1))
    half = encoders.conv_encoder(10, (64, 64, 1), width=0.5)
    for full, narrow in zip(whole.layers, half.layers, strict=True):
        hidden = full.name not in ("images", "mean", "log_variance")
        assert narrow.output.shape[-1] * (2 if hidden else 1) == full.output.shape[-1]
    with pytest.raises(UserError, match=r"conv_encoder\.width is 0: expected a number above 0"):
        encoders.conv_encoder(10, (64, 64, 1), width=0)


def test_deterministic_form_is_the_mean_alone():
    gin.parse_config("encoder.num_latent = 4\nencoder.encoder_fn = @padless_conv_encoder")
    encoder = encoders.make_encoder((32, 32, 1), deterministic=True)
    images = np.ones((2, 32, 32, 1), np.float32)
    assert encoder(images).shape == (2, 4)
    assert not [weight for weight in encoder.weights if "log_variance" in weight.path]
    assert "mean" in encoder.layers[-1].name


def test_gin_chooses_network_latents_and_initial_weights():
    gin.parse_config("""
        encoder.num_latent = 20
        encoder.encoder_fn = @conv_encoder
        conv_encoder.width = 2.0
        kernel_initializers.convolution = "xavier_normal"
        kernel_initializers.dense = "kaiming_normal"
    """)
    keras.utils.set_random_seed(1)
    encoder = encoders.make_encoder((64, 64, 1))
    assert encoder.outputs[0].shape == (None, 20)
    convolution = encoder.get_layer("convolution_2").kernel.numpy()
    fan = 4 * 4 * 64
    np.testing.assert_allclose(convolution.std(), np.sqrt(2 / (fan + fan)), rtol=0.02)
    dense = encoder.get_layer("dense").kernel.numpy()
    np.testing.assert_allclose(dense.std(), np.sqrt(2 / dense.shape[0]), rtol=0.02)
    # A truncated normal, which Keras' he_normal is, has nothing beyond 2.3 of its own deviations.
    assert np.abs(dense).max() > 3 * dense.std()


def test_no_two_layers_start_alike():
    encoder = encoders.conv_encoder(10, (64, 64, 1))
    mean, log_variance = encoder.get_layer("mean"), encoder.get_layer("log_variance")
    assert not np.allclose(mean.kernel, log_variance.kernel)


def test_the_seed_decides_the_weights():
    def weights():
        keras.utils.set_random_seed(7)
        return encoders.conv_encoder(10, (32, 32, 1)).get_weights()

    for first, second in zip(weights(), weights(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_round_trip_in_safe_mode(tmp_path):
    encoder = encoders.padded_conv_encoder(3, (32, 32, 1), width=0.1)
    encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras", safe_mode=True)
    images = np.random.default_rng(0).random((2, 32, 32, 1))
    for one, other in zip(encoder(images), again(images), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("build", [encoders.conv_encoder, *CONVOLUTIONAL])
def test_convolutional_encoders_take_large_images(build):
    encoder = build(num_latent=3, input_shape=(256, 256, 5), width=0.1)
    mean, log_variance = encoder(np.ones((1, 256, 256, 5), np.float32))
    assert mean.shape == log_variance.shape == (1, 3)
