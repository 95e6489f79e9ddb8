import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.architectures.finite_scalar_quantization import FiniteScalarQuantization
from tfdis.architectures.lattice import FiniteLattice
from tfdis.architectures.quantizer import quantizer_of
from tfdis.architectures.scalar_codebooks import ScalarCodebooks
from tfdis.errors import UserError
from tfdis.losses.codebook import commitment_loss, quantization_loss

QUANTIZERS = [ScalarCodebooks(4), FiniteScalarQuantization([2, 5, 8]), FiniteLattice(5)]


@pytest.fixture
def qlae(quantized_latents):
    """The reference, and our layer with its codebooks."""
    reference = quantized_latents["qlae"]
    layer = ScalarCodebooks(4)
    layer(np.zeros((1, 3), np.float32))
    layer.codebooks.assign(reference["values"])
    return reference, layer


def test_scalar_codebooks_equal_the_papers_code(qlae):
    reference, layer = qlae
    x = tf.constant(reference["x"])
    np.testing.assert_allclose(layer(x), reference["z"], rtol=1e-6)
    with tf.GradientTape() as tape:
        loss = quantization_loss(layer.continuous(x), layer.nearest(x))
        mean = tf.reduce_mean(loss)
    np.testing.assert_allclose(loss, reference["quant"], rtol=1e-5)
    commitment = commitment_loss(layer.continuous(x), layer.nearest(x))
    np.testing.assert_allclose(commitment, reference["commit"], rtol=1e-5)
    gradient = tape.gradient(mean, layer.codebooks.value)
    np.testing.assert_allclose(gradient, reference["grad_values"], rtol=1e-4, atol=1e-7)


def test_scalar_codebooks_start_evenly():
    layer = ScalarCodebooks(4)
    layer(np.zeros((1, 3), np.float32))
    np.testing.assert_allclose(layer.values, [np.linspace(-0.5, 0.5, 4)] * 3, rtol=1e-6)


def test_the_lattice_equals_tripods_code(quantized_latents):
    reference = quantized_latents["tripod_quantizer"]
    layer, x = FiniteLattice(5), np.array(reference["x"], np.float32)
    np.testing.assert_allclose(layer(x), reference["z_q"], atol=1e-6)
    np.testing.assert_allclose(layer.continuous(x), reference["z_c"], rtol=1e-5)


def test_finite_scalar_quantization_equals_the_papers_code(quantized_latents):
    reference = quantized_latents["fsq"]
    layer = FiniteScalarQuantization(reference["levels"])
    np.testing.assert_allclose(
        layer(np.array(reference["x"], np.float32)), reference["z"], atol=1e-6
    )


@pytest.mark.parametrize("layer", QUANTIZERS)
def test_codes_are_the_values_and_every_value_is_reached(layer):
    features = np.repeat(np.linspace(-4, 4, 1001)[:, None], 3, axis=1).astype(np.float32)
    codes = np.asarray(layer(features))
    for latent, values in enumerate(layer.values):
        np.testing.assert_allclose(np.unique(codes[:, latent].round(5)), values, atol=1e-4)


@pytest.mark.parametrize("layer", QUANTIZERS)
def test_gradients_pass_straight_through(layer):
    features = tf.constant(np.random.RandomState(0).normal(size=(6, 3)), tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        codes, continuous = layer(features), layer.continuous(features)
    expected = tape.gradient(continuous, features)
    np.testing.assert_array_equal(tape.gradient(codes, features), expected)
    assert np.abs(expected).min() > 0


@pytest.mark.parametrize(
    "layer", [ScalarCodebooks(4), FiniteScalarQuantization([3, 5]), FiniteLattice(5)]
)
def test_an_encoder_with_a_quantizer_is_read_back(layer, tmp_path):
    images = keras.Input((4, 4, 1))
    features = keras.layers.Dense(2, name="features")(keras.layers.Flatten()(images))
    encoder = keras.Model(images, layer(features))
    if isinstance(layer, ScalarCodebooks):
        layer.codebooks.assign(np.random.RandomState(0).normal(size=(2, 4)))
    encoder.save(tmp_path / "encoder.keras")
    again = keras.models.load_model(tmp_path / "encoder.keras")
    pictures = np.random.RandomState(1).uniform(size=(5, 4, 4, 1)).astype(np.float32)
    np.testing.assert_array_equal(again(pictures), encoder(pictures))
    np.testing.assert_array_equal(quantizer_of(again).values[0], layer.values[0])


def test_levels_that_do_not_fit_the_latents_are_refused():
    with pytest.raises(UserError, match="has 2 numbers: the encoder has 3 latents"):
        FiniteScalarQuantization([3, 5])(np.zeros((1, 3), np.float32))


def test_an_encoder_without_a_quantizer_is_refused():
    images = keras.Input((4,))
    with pytest.raises(UserError, match="needs a Quantizer"):
        quantizer_of(keras.Model(images, keras.layers.Dense(2)(images)))
