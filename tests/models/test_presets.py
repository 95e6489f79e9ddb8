"""Each algorithm's objective against disentanglement_lib's regularizer of the same codes."""

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import config
from tfdis.batch import Inputs
from tfdis.data.sprites import Sprites
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.capacity import Capacity
from tfdis.models import presets
from tfdis.optimizers import make_vae_optimizer
from tfdis.schedules import LinearSchedule
from tfdis.unused_bindings import LATER, unused

_NETWORKS = [
    "encoder.num_latent = 3",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
    "discriminator.discriminator_fn = @fc_discriminator",
    "fc_discriminator.layer_size = 8",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "discriminator_optimizer.optimizer_fn = @AdamOptimizer",
]


@pytest.fixture
def objective_of():
    """Of a builder: the loss, the reconstruction and the codes of one batch."""

    def objective(builder, step=30):
        data = Sprites()
        model = builder(data, 0)
        model.compile("adam")
        images = tf.constant(data.images(np.arange(0, 700000, 70000)), tf.float32) / 255
        batch = model.forward(
            Inputs(images), tf.constant(step, tf.int64), tf.constant([0, 0]), training=True
        )
        loss, values = model.losses_of(batch)
        return float(loss - values["reconstruction_loss"]), batch, model

    with config.parsed([], _NETWORKS):
        yield objective


@pytest.fixture(scope="module")
def dlib_vae(dlib15_path):
    from tfdis.evaluation.compat import disentanglement_lib

    return disentanglement_lib(dlib15_path).module("methods.unsupervised.vae")


def regularizer(dlib_model, dlib_vae, batch):
    mean = batch.posterior.mean()
    log_variance = tf.math.log(batch.posterior.variance())
    kl = dlib_vae.compute_gaussian_kl(mean, log_variance)
    return float(dlib_model.regularizer(kl, mean, log_variance, batch.z))


@pytest.mark.parametrize(
    ("preset", "dlib_name", "parameters"),
    [
        ("vae", "BetaVAE", {"beta": 4.0}),
        ("beta_vae", "BetaVAE", {"beta": 4.0}),
        ("dip_vae", "DIPVAE", {"lambda_od": 2.0, "lambda_d_factor": 5.0, "dip_type": "i"}),
        ("dip_vae", "DIPVAE", {"lambda_od": 2.0, "lambda_d_factor": 5.0, "dip_type": "ii"}),
        ("beta_tc_vae", "BetaTCVAE", {"beta": 6.0}),
    ],
)
def test_the_regularizer_is_disentanglement_libs(
    objective_of, dlib_vae, preset, dlib_name, parameters
):
    ours, batch, _ = objective_of(getattr(presets, preset)(**parameters))
    theirs = regularizer(getattr(dlib_vae, dlib_name)(**parameters), dlib_vae, batch)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_annealed_vae_is_disentanglement_libs(objective_of, dlib_vae):
    ours, batch, _ = objective_of(presets.annealed_vae(10.0, 25.0, 100))
    mean, log_variance = batch.posterior.mean(), tf.math.log(batch.posterior.variance())
    kl = dlib_vae.compute_gaussian_kl(mean, log_variance)
    theirs = 10.0 * abs(kl - dlib_vae.anneal(25.0, 30, 100))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


def test_factor_vae_adds_the_log_odds(objective_of):
    ours, batch, model = objective_of(presets.factor_vae(7.0))
    logits = model.adversarial_terms[0].adversary(batch.z)
    kl = tf.reduce_mean(batch.posterior.kl_divergence(batch.prior))
    expected = kl + 7.0 * tf.reduce_mean(logits[:, 0] - logits[:, 1])
    # A difference of float32 numbers near 3,000.
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-3)


def test_info_vae_weighs_kl_and_mmd_by_the_papers_equation_6(objective_of):
    ours, batch, model = objective_of(presets.info_vae(alpha=0.3, lambda_mmd=20.0))
    kl = float(tf.reduce_mean(batch.posterior.kl_divergence(batch.prior)))
    mmd = float(next(term for term in model.terms if term.name == "mmd")(outputs=batch))
    np.testing.assert_allclose(ours, 0.7 * kl + (0.3 + 20.0 - 1.0) * mmd, rtol=1e-4, atol=1e-3)


def test_ae_has_codes_without_noise(objective_of):
    ours, batch, model = objective_of(presets.ae())
    assert ours == 0.0
    np.testing.assert_allclose(batch.z, model.encoder(batch.inputs.images), atol=1e-6)


def test_beta_takes_effect_beside_beta_tcvae_gin():
    """The example of `tfdis-train --help`."""
    with config.parsed(["beta_tcvae.gin"], ["beta_tc_vae.beta = 6.0"]):
        model = gin.get_configurable("beta_tc_vae")()(Sprites(), 0)
        model.compile(make_vae_optimizer())
        reconstruction, capacity, correlation = model.terms
        assert isinstance(reconstruction, BernoulliLoss)
        assert isinstance(capacity, Capacity)
        weights = [float(correlation.at("weight", step)) for step in (0, 3000, 4350, 6800)]
        np.testing.assert_allclose(weights, [5 * 99.667, 5 * 99.667, 5.0, 5.0], rtol=1e-6)
        assert float(capacity.at("weight", 6800)) == 1.0
        assert unused(LATER) == []


def test_an_annealed_beta_tc_vae_ends_as_the_plain_one(objective_of):
    schedule = LinearSchedule(20.0, 1.0, num_steps=40)
    _, _, model = objective_of(presets.beta_tc_vae(6.0, annealing=schedule))
    saved = keras.saving.serialize_keras_object(model.terms[2])
    for term in (model.terms[2], keras.saving.deserialize_keras_object(saved)):
        assert [float(term.at("weight", step)) for step in (0, 20, 40, 50)] == [100, 52.5, 5, 5]
    _, _, plain = objective_of(presets.beta_tc_vae(6.0))
    assert plain.terms[2].weight == 5.0
