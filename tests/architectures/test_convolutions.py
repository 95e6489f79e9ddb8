"""The faster formulations: Keras' function and gradients, only where they are meant to be."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import onednn
from tfdis.architectures import convolutions
from tfdis.architectures.decoders import deconv_decoder
from tfdis.architectures.encoders import conv_encoder


@pytest.fixture
def fast(monkeypatch):
    """As on a CPU with oneDNN: the formulations themselves need neither."""
    monkeypatch.setattr(onednn, "is_on", lambda: True)


def operations(function, *inputs):
    graph = tf.function(function).get_concrete_function(*inputs).graph
    return {operation.type for operation in graph.get_operations()}


CASES = [
    (convolutions.Conv2D, keras.layers.Conv2D, (5, 2, 2), (8, 6, 3), "valid"),
    (convolutions.Conv2D, keras.layers.Conv2D, (5, 2, 2), (8, 6, 3), "same"),
    (convolutions.Conv2DTranspose, keras.layers.Conv2DTranspose, (1, 4, 2), (5, 8, 6), "same"),
    (convolutions.Conv2DTranspose, keras.layers.Conv2DTranspose, (3, 4, 2), (8, 5, 6), "same"),
    (convolutions.Conv2DTranspose, keras.layers.Conv2DTranspose, (2, 8, 4), (4, 3, 5), "same"),
]


@pytest.mark.parametrize(("ours", "theirs", "sizes", "shape", "padding"), CASES)
@pytest.mark.parametrize("activation", [None, "relu"])
def test_keras_outputs_and_gradients(fast, ours, theirs, sizes, shape, padding, activation):
    random = np.random.default_rng(0)
    inputs = tf.constant(random.normal(size=(7, *shape)), tf.float32)
    arguments = {"padding": padding, "activation": activation}
    layer, reference = (make(*sizes, **arguments) for make in (ours, theirs))
    reference.build(inputs.shape)
    layer.build(inputs.shape)
    layer.set_weights([random.normal(size=w.shape) for w in reference.get_weights()])
    reference.set_weights(layer.get_weights())
    found = results(layer, inputs, training=True)
    expected = results(reference, inputs)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * np.abs(other).max())


def results(layer, inputs, **kwargs):
    """Outputs; gradients with respect to inputs, kernel and bias."""
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, **kwargs)
        waves = tf.cos(tf.range(tf.size(outputs), dtype=tf.float32))
        loss = tf.reduce_sum(tf.reshape(outputs, [-1]) * waves)
    return [outputs, *tape.gradient(loss, [inputs, layer.kernel.value, layer.bias.value])]


@pytest.mark.parametrize(("ours", "theirs", "sizes", "shape", "padding"), CASES)
def test_the_plain_operation_alone_outside_of_training(fast, ours, theirs, sizes, shape, padding):
    layer, reference = (make(*sizes, padding=padding) for make in (ours, theirs))
    inputs = tf.TensorSpec([None, *shape])
    assert operations(layer, inputs) == operations(reference, inputs)
    assert operations(lambda x: layer(x, training=True), inputs) != operations(reference, inputs)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (convolutions.Conv2D(5, 2, 2), (7, 6, 3)),  # an odd side
        (convolutions.Conv2D(5, 2, 1), (8, 6, 3)),
        (convolutions.Conv2D(5, 3, 2), (8, 6, 3)),
        (convolutions.Conv2D(4, 2, 2, groups=2), (8, 6, 2)),
        (convolutions.Conv2D(5, 2, 2, dtype="mixed_bfloat16"), (8, 6, 3)),
        (convolutions.Conv2DTranspose(5, 4, 2, "same"), (4, 4, 3)),  # many channels
        (convolutions.Conv2DTranspose(1, 4, 2, "valid"), (4, 4, 3)),
        (convolutions.Conv2DTranspose(1, 3, 1, "same"), (4, 4, 3)),
        (convolutions.Conv2DTranspose(1, 4, (2, 1), "same"), (4, 4, 3)),
    ],
)
def test_the_plain_operation_where_no_formulation_fits(fast, layer, shape):
    inputs = tf.TensorSpec([None, *shape])
    in_training = operations(lambda x: layer(x, training=True), inputs)
    assert in_training == operations(lambda x: layer(x, training=False), inputs)


@pytest.mark.parametrize("device", ["GPU", "TPU"])
def test_the_plain_operation_on_other_devices(fast, monkeypatch, device):
    layer, inputs = convolutions.Conv2D(5, 2, 2), tf.TensorSpec([None, 8, 6, 3])
    devices = [
        tf.config.PhysicalDevice(f"/physical_device:{kind}:0", kind) for kind in ("CPU", device)
    ]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: devices)
    assert "MatMul" not in operations(lambda x: layer(x, training=True), inputs)


def test_files_of_keras_layers_and_ours_load_into_each_other(tmp_path):
    """Same names, same variables: also the paths of a checkpoint."""
    images = np.random.default_rng(0).random((2, 16, 16, 1), np.float32)
    for network, inputs in (
        (conv_encoder(num_latent=3, input_shape=(16, 16, 1), width=0.25), images),
        (deconv_decoder(num_latent=3, output_shape=(16, 16, 1), width=0.25), images[:, 0, :3, 0]),
    ):
        plain = keras.models.clone_model(network, clone_function=as_keras)
        assert [v.path for v in plain.variables] == [v.path for v in network.variables]
        plain.set_weights(network.get_weights())
        for model in (network, plain):
            model.save(tmp_path / "model.keras")
            loaded = keras.models.load_model(tmp_path / "model.keras")
            assert [type(layer) for layer in loaded.layers] == [
                type(layer) for layer in model.layers
            ]
            for one, other in zip(*(tf.nest.flatten(each(inputs)) for each in (loaded, network))):
                np.testing.assert_array_equal(one, other)


def as_keras(layer):
    kind = getattr(keras.layers, type(layer).__name__)
    return kind.from_config(layer.get_config())
