import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import config
from tfdis.architectures.decoders import fc_decoder
from tfdis.architectures.encoders import fc_encoder
from tfdis.architectures.finite_scalar_quantization import FiniteScalarQuantization
from tfdis.architectures.lattice import FiniteLattice
from tfdis.architectures.scalar_codebooks import ScalarCodebooks
from tfdis.batch import Inputs
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.codebook import Commitment, Quantization
from tfdis.losses.hessian_penalty import HessianPenalty
from tfdis.losses.kl import KL
from tfdis.losses.latent_multiinformation import LatentMultiinformation
from tfdis.models.hub_module import export_hub_module
from tfdis.models.quantized_autoencoder import QuantizedAutoencoder
from tfdis.models.quantized_presets import qlae, tripod
from tfdis.models.trained import TrainedModel, load_keras
from tfdis.optimizers import adam_with_weight_decay
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory
from tfdis.visualize.saved_model import SavedModel

QUANTIZERS = {
    "qlae": (ScalarCodebooks, [Quantization(0.64), Commitment(0.64)]),
    "fsq": (FiniteScalarQuantization, []),
    "tripod": (FiniteLattice, [LatentMultiinformation(0.1), HessianPenalty(0.1)]),
}


def make(name):
    keras.utils.set_random_seed(1)
    quantizer, terms = QUANTIZERS[name]
    gaussian = fc_encoder(3, (8, 8, 1), (16,))
    encoder = keras.Model(gaussian.input, quantizer(name="quantizer")(gaussian.outputs[0]))
    decoder = fc_decoder(3, (8, 8, 1), (16, 16))
    model = QuantizedAutoencoder(encoder, decoder, [BernoulliLoss(), *terms])
    model.compile(keras.optimizers.Adam(0.01))
    return model


@pytest.fixture(params=QUANTIZERS)
def model(request):
    return make(request.param)


def test_trains_all_it_has_and_is_read_back(model, images, tmp_path):
    before = [variable.numpy() for variable in model.trainable_variables]
    losses = model.fit(images, batch_size=16, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for variable, old in zip(model.trainable_variables, before, strict=True):
        assert not np.array_equal(variable.numpy(), old), variable.path
    model.save(tmp_path / "model.keras")
    again = load_keras(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(images / 255.0), model(images / 255.0))
    np.testing.assert_array_equal(again.latent_values[2], model.latent_values[2])


def test_codes_are_values_for_whoever_asks(model, images, tmp_path):
    codes, log_variance = TrainedModel(model).encode(images)
    assert log_variance is None
    outputs = model.forward(
        Inputs.of(tf.constant(images)), tf.constant(0), tf.constant([1, 2]), training=False
    )
    np.testing.assert_allclose(outputs.z, codes, atol=1e-6)
    for latent, values in enumerate(model.latent_values):
        distance = np.abs(codes[:, latent, None] - values).min(axis=1)
        assert distance.max() < 1e-5
    export_hub_module(model, tmp_path / "tfhub")
    module = tf.saved_model.load(str(tmp_path / "tfhub"))
    found = module.signatures["gaussian_encoder"](images=tf.constant(images / 255.0, tf.float32))
    np.testing.assert_allclose(found["mean"], codes, atol=1e-6)
    assert np.all(np.isneginf(found["logvar"]))
    assert not SavedModel(SavedModelDirectory(tmp_path)).has_prior  # so no samples are drawn


def test_draws_take_every_value_equally_often(model):
    draws = model.sample_prior(5000, tf.constant([1, 2])).numpy()
    for latent, values in enumerate(model.latent_values):
        found, counts = np.unique(draws[:, latent], return_counts=True)
        np.testing.assert_allclose(found, values, atol=1e-6)
        assert counts.min() > 0.8 * 5000 / len(values)


def test_a_term_that_needs_a_posterior_is_refused():
    quantizer = FiniteLattice(name="quantizer")
    gaussian = fc_encoder(3, (8, 8, 1), (16,))
    encoder = keras.Model(gaussian.input, quantizer(gaussian.outputs[0]))
    with pytest.raises(UserError, match="kl_loss needs a posterior"):
        QuantizedAutoencoder(encoder, fc_decoder(3, (8, 8, 1), (16,)), [BernoulliLoss(), KL()])


def test_presets_have_the_papers_weights_times_the_pixels():
    bindings = [
        "encoder.num_latent = 4",
        "encoder.encoder_fn = @fc_encoder",
        "decoder.decoder_fn = @fc_decoder",
        "fc_encoder.layer_sizes = (8,)",
        "fc_decoder.layer_sizes = (8,)",
        "reconstruction_loss.loss_fn = @bernoulli_loss",
    ]
    data = Sprites()
    with config.parsed((), bindings):
        codebooks, grid = qlae()(data, 0), tripod()(data, 0)
    weights = {term.name: term.weight for term in (*codebooks.terms, *grid.terms)}
    assert weights["quantization_loss"] == weights["commitment_loss"] == 40.96
    assert weights["latent_multiinformation"] == 0.4096
    assert weights["hessian_penalty"] == 40.96
    assert len(codebooks.latent_values[0]) == 10
    assert len(grid.latent_values[0]) == 12


def test_weight_decay_leaves_biases_and_codebooks_alone():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    codebooks = ScalarCodebooks(4)
    codebooks(np.zeros((1, 2), np.float32))
    layer.bias.assign([1.0, 2.0])
    variables = [*layer.variables, *codebooks.variables]
    optimizer = adam_with_weight_decay(0.5, weight_decay=0.1)
    before = [variable.numpy() for variable in variables]
    optimizer.build(variables)
    optimizer.apply([tf.zeros_like(variable.value) for variable in variables], variables)
    kernel, bias, values = (variable.numpy() for variable in variables)
    np.testing.assert_allclose(kernel, before[0] * (1 - 0.5 * 0.1), rtol=1e-6)
    np.testing.assert_array_equal(bias, before[1])
    np.testing.assert_array_equal(values, before[2])


@pytest.mark.parametrize("network", ["patch", "fc"])
def test_the_decoder_starts_at_the_mean_of_the_data(network):
    """Whatever the codes are, the first images have the data's grey."""
    fc = ["encoder.encoder_fn = @fc_encoder", "decoder.decoder_fn = @fc_decoder"]
    patch = ["encoder.encoder_fn = @patch_encoder", "decoder.decoder_fn = @patch_decoder"]
    shared = ["encoder.num_latent = 4", "reconstruction_loss.loss_fn = @bernoulli_loss"]
    with config.parsed((), [*(fc if network == "fc" else patch), *shared]):
        model = qlae()(Sprites(), 0)
    drawn = tf.sigmoid(model.decoder(tf.zeros([1, 4]))).numpy()
    mean = Sprites().sample_observations(2000, np.random.RandomState(1)).mean()
    np.testing.assert_allclose(drawn, mean, rtol=0.1)
    assert drawn.std() < 1e-6
