import gin
import keras
import numpy as np
import pytest

from tfdis.architectures import decoders
from tfdis.errors import UserError

DECODERS = [
    decoders.deconv_decoder,
    decoders.fc_decoder,
    decoders.shallow_fc_decoder,
    decoders.deep_fc_decoder,
    decoders.padless_deconv_decoder,
    decoders.test_decoder,
]


@pytest.mark.parametrize("side", [32, 64, 128])
@pytest.mark.parametrize("build", DECODERS)
def test_gives_logits_of_the_images_shape(build, side):
    decoder = build(num_latent=7, output_shape=(side, side, 3))
    assert decoder(np.ones((2, 7), np.float32)).shape == (2, side, side, 3)


def test_names_the_side_that_does_not_fit():
    with pytest.raises(UserError, match=r"deconv_decoder.*multiples of 16.*40"):
        decoders.deconv_decoder(10, (64, 40, 1))
    with pytest.raises(UserError, match=r"padless_deconv_decoder.*48 and 48"):
        decoders.padless_deconv_decoder(10, (48, 48, 1))


def test_images_need_not_be_square():
    assert decoders.deconv_decoder(4, (32, 64, 1)).output_shape == (None, 32, 64, 1)
    assert decoders.fc_decoder(4, (9, 5, 1)).output_shape == (None, 9, 5, 1)


def test_padless_deconv_decoder_is_the_papers():
    decoder = decoders.padless_deconv_decoder(20, (64, 64, 3))
    assert [layer.output.shape[1:] for layer in decoder.layers[2:]] == [
        (1, 1, 256),
        (2, 2, 256),
        (6, 6, 128),
        (14, 14, 128),
        (30, 30, 64),
        (62, 62, 64),
        (64, 64, 3),
    ]


def test_fully_connected_sizes_and_activations():
    def layers(model):
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        return [(layer.units, layer.activation.__name__) for layer in dense[:-1]]

    assert layers(decoders.fc_decoder(4, (8, 8, 1))) == [(1200, "tanh")] * 3
    assert layers(decoders.shallow_fc_decoder(4, (8, 8, 1))) == [(400, "relu")]
    assert layers(decoders.deep_fc_decoder(4, (8, 8, 1))) == [
        (100, "relu"),
        (200, "relu"),
        (400, "relu"),
        (1000, "relu"),
    ]


def test_gin_chooses_the_network_and_its_width():
    gin.parse_config("decoder.decoder_fn = @deconv_decoder\ndeconv_decoder.width = 0.25")
    decoder = decoders.make_decoder(10, (64, 64, 1))
    assert [layer.output.shape[-1] for layer in decoder.layers] == [10, 64, 256, 16, 16, 8, 8, 1]


@pytest.mark.parametrize("build", [decoders.deconv_decoder, decoders.padless_deconv_decoder])
def test_convolutional_decoders_draw_large_images(build):
    decoder = build(num_latent=7, output_shape=(256, 256, 5), width=0.1)
    assert decoder(np.ones((1, 7), np.float32)).shape == (1, 256, 256, 5)
