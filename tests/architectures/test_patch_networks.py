import keras
import numpy as np
import pytest

from tfdis.architectures.patch_networks import patch_decoder, patch_encoder
from tfdis.errors import UserError


@pytest.mark.parametrize("side", [32, 64, 128])
def test_images_go_in_and_come_out(side):
    images = np.random.default_rng(0).random((4, side, side, 3))
    mean, log_variance = patch_encoder(5, (side, side, 3))(images)
    assert mean.shape == log_variance.shape == (4, 5)
    assert patch_decoder(5, (side, side, 3))(mean).shape == (4, side, side, 3)


def test_the_layers_are_as_said():
    layers = [*patch_encoder(5, (64, 64, 1)).layers, *patch_decoder(5, (64, 64, 1)).layers]
    convolutions = [
        (layer.kernel_size[0], layer.strides[0], layer.output.shape[1], layer.filters)
        for layer in layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
    assert convolutions == [
        (8, 4, 16, 16),
        (4, 2, 8, 16),
        (4, 2, 4, 16),
        (4, 2, 8, 16),
        (4, 2, 16, 16),
        (8, 4, 64, 1),
    ]


def test_width_multiplies_every_hidden_layer():
    narrow = patch_encoder(5, (64, 64, 1), width=0.5)
    assert [layer.filters for layer in narrow.layers if hasattr(layer, "filters")] == [8, 8, 8]
    assert narrow.get_layer("dense").units == 64


def test_a_side_that_does_not_fit_is_named():
    with pytest.raises(
        UserError, match="patch_decoder takes images whose sides are multiples of 16"
    ):
        patch_decoder(5, (40, 64, 1))
