import keras
import numpy as np

from tfdis.architectures import tilers


def test_learned_tiler_is_one_dense_network_per_class(tmp_path):
    tiler = tilers.label_tiler(num_classes=3, side=8)
    labels = np.random.default_rng(0).random((4, 3)).astype(np.float32)
    expected = np.empty((4, 8, 8, 3))
    layers = [tiler.get_layer(name) for name in ("dense_1", "dense_2", "pixels")]
    for number in range(3):
        hidden = labels[:, number : number + 1]
        for depth, layer in enumerate(layers):
            hidden = hidden @ layer.kernel.numpy()[number] + layer.bias.numpy()[number]
            if depth < 2:
                hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
        expected[..., number] = hidden.reshape(4, 8, 8)
    np.testing.assert_allclose(tiler(labels), expected, atol=1e-5)

    tiler.save(tmp_path / "tiler.keras")
    again = keras.models.load_model(tmp_path / "tiler.keras", safe_mode=True)
    np.testing.assert_array_equal(again(labels), tiler(labels))


def test_each_class_starts_as_a_dense_layer_would():
    kernel = tilers.label_tiler(num_classes=3, side=8).get_layer("dense_2").kernel.numpy()
    assert kernel.shape == (3, 64, 256)
    limit = np.sqrt(6 / (64 + 256))
    assert 0.98 * limit < np.abs(kernel).max() <= limit
    assert not np.allclose(kernel[0], kernel[1])


def test_constant_tiler_repeats_the_label():
    tiler = tilers.constant_tiler(num_classes=2, side=16)
    planes = tiler(np.array([[0.25, 1.0]], np.float32)).numpy()
    assert planes.shape == (1, 16, 16, 2)
    assert (planes[..., 0] == 0.25).all()
    assert (planes[..., 1] == 1.0).all()
    assert not tiler.weights
