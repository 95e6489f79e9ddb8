import keras
import numpy as np
import pytest
from scipy.stats import norm

from tfdis.architectures.hypernetwork import hypernetwork_decoder


@pytest.mark.parametrize(
    ("activation", "expected_of"),
    [("relu", lambda sums: np.maximum(sums, 0)), ("gelu", lambda sums: sums * norm.cdf(sums))],
)
def test_half_planes_are_those_that_the_code_gives(activation, expected_of):
    decoder = hypernetwork_decoder(5, (16, 28, 1), width=0.125, activation=activation)
    codes = np.random.RandomState(0).randn(3, 5).astype(np.float32)
    layers = [decoder.get_layer(name).output for name in ("slopes_and_offsets", "half_planes")]
    given, planes = (np.asarray(each) for each in keras.Model(decoder.inputs, layers)(codes))
    assert planes.shape == (3, 4, 7, 8)
    a, b, c = given[:, :8], given[:, 8:16], given[:, 16:]
    for row in range(4):
        for column in range(7):
            y, x = -1 + 2 * row / 3, -1 + column / 3
            expected = expected_of(a * y + b * x + c)
            np.testing.assert_allclose(planes[:, row, column], expected, atol=1e-5)
    assert 0.2 < np.mean(planes > 0) < 0.8
    again = keras.Sequential.from_config(keras.Sequential([decoder]).get_config())
    again.set_weights(decoder.get_weights())
    np.testing.assert_array_equal(again(codes), decoder(codes))


def test_width_and_number_of_layers():
    decoder = hypernetwork_decoder(6, (64, 64, 1), width=0.5, num_layers=3)
    layers = [decoder.get_layer(name) for name in ("dense_1", "dense_3", "convolution")]
    assert [layer.output.shape[1:] for layer in layers] == [(128,), (128,), (16, 16, 32)]
    assert len(decoder.layers) == 1 + 3 + 1 + 3
