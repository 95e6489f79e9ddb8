import keras
import numpy as np
import pytest

from tfdis.architectures.spatial_broadcast import spatial_broadcast_decoder
from tfdis.errors import UserError


def test_is_a_dense_layer_of_the_code_and_the_coordinates_of_each_place():
    decoder = spatial_broadcast_decoder(5, (16, 28, 1), num_layers=1)
    codes = np.random.RandomState(0).randn(3, 5).astype(np.float32)
    places = np.asarray(keras.Model(decoder.inputs, decoder.get_layer("relu_1").output)(codes))
    assert places.shape == (3, 4, 7, 64)
    of_code, bias = decoder.get_layer("dense_1").get_weights()
    (of_place,) = decoder.get_layer("coordinates").get_weights()
    kernel = np.concatenate([of_code, of_place])
    for row in range(4):
        for column in range(7):
            coordinates = [[-1 + 2 * row / 3, -1 + column / 3]] * 3
            seen = np.concatenate([codes, coordinates], axis=1)
            expected = np.maximum(seen @ kernel + bias, 0)
            np.testing.assert_allclose(places[:, row, column], expected, atol=1e-5)


def test_width_and_number_of_layers():
    decoder = spatial_broadcast_decoder(6, (64, 64, 1), width=0.5, num_layers=2)
    layers = [decoder.get_layer(name) for name in ("dense_1", "convolution_2")]
    assert [layer.output.shape[1:] for layer in layers] == [(32,), (16, 16, 32)]
    assert len(decoder.layers) == 1 + 4 + 1 + 1
    with pytest.raises(UserError, match="num_layers is 0: expected a whole number from 1 up"):
        spatial_broadcast_decoder(6, (64, 64, 1), num_layers=0)
