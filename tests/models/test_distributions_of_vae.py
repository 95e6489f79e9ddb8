"""VAEs with other posteriors, priors and likelihoods: trained, saved, and what they generate."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.discriminators import fc_discriminator
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs
from tfdis.distributions import deterministic, diagonal_gaussian, diagonal_laplace
from tfdis.distributions.mixture_prior import MixtureOfGaussians
from tfdis.distributions.priors import StandardLaplace
from tfdis.distributions.vamp_prior import VampPrior
from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.dip import DIP
from tfdis.losses.gaussian import GaussianLoss
from tfdis.losses.kl import KL
from tfdis.losses.l2 import L2Loss
from tfdis.losses.mmd import MMD
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.trained import load_keras
from tfdis.models.vae import VAE

tfd = tfp.distributions


@keras.saving.register_keras_serializable("tests")
def student_t_posterior(mean, log_variance):
    """Another family, of the user's own."""
    return tfd.Independent(tfd.StudentT(5.0, mean, tf.exp(0.5 * log_variance)), 1)


def make(family=diagonal_gaussian, prior=None, terms=(), reconstruction=None):
    keras.utils.set_random_seed(1)
    model = VAE(
        small_encoder(num_latent=3, input_shape=(8, 8, 1)),
        small_decoder(num_latent=3, output_shape=(8, 8, 1)),
        [reconstruction or GaussianLoss(), KL(), *terms],
        num_images=1000,
        posterior_family=family,
        prior=prior,
    )
    model.compile(keras.optimizers.Adam(0.02))
    return model


def changed(model, images):
    """Names of the variables that one epoch changes."""
    before = [variable.numpy() for variable in model.trainable_variables]
    losses = model.fit(images, batch_size=16, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
    return [
        variable.path
        for variable, old in zip(model.trainable_variables, before, strict=True)
        if not np.array_equal(variable.numpy(), old)
    ]


@pytest.mark.parametrize(
    ("family", "prior"),
    [
        (diagonal_laplace, StandardLaplace()),
        (diagonal_gaussian, VampPrior(4)),
        pytest.param(student_t_posterior, MixtureOfGaussians(4), marks=pytest.mark.slow),
    ],
)
def test_trains_all_it_has_with_terms_beside_and_is_read_back(family, prior, images, tmp_path):
    terms = [
        TotalCorrelation(1.0),
        DIP(1.0, dip_type="ii"),
        MMD(1.0, num_draws=50, estimator="unbiased"),
        DensityRatio(1.0, adversary=fc_discriminator(3, layer_size=8)),
    ]
    model = make(family, prior, terms, GaussianLoss(sigma="learned"))
    assert changed(model, images) == [variable.path for variable in model.trainable_variables]
    model.save(tmp_path / "model.keras")
    again = load_keras(tmp_path / "model.keras")
    key = tf.constant([3, 4])
    found, expected = (
        each.test_losses(Inputs.of(tf.constant(images)), key) for each in (again, model)
    )
    assert {name: float(value) for name, value in found.items()} == {
        name: float(value) for name, value in expected.items()
    }


def test_a_deterministic_posterior_is_a_regularized_autoencoder(images):
    model = make(deterministic)
    outputs = model.forward(
        Inputs.of(tf.constant(images)), tf.constant(0), tf.constant([1, 2]), training=False
    )
    z = outputs.z.numpy()
    np.testing.assert_array_equal(z, model.encode(Inputs.of(tf.constant(images))).numpy())
    divergence = model.losses_of(outputs)[1]["kl_loss"]
    expected = -scipy.stats.norm().logpdf(z).sum(axis=1).mean()
    np.testing.assert_allclose(divergence, expected, rtol=1e-5)


def test_an_old_file_has_a_gaussian_and_a_standard_normal():
    config = make().get_config()
    del config["posterior_family"], config["prior"]
    model = VAE.from_config(config)
    assert model.posterior_family is diagonal_gaussian
    assert float(model.prior_distribution().log_prob(tf.zeros([3]))) == pytest.approx(
        3 * scipy.stats.norm().logpdf(0)
    )


def test_the_bound_of_log_p_comes_to_what_is_known(images):
    """Where p(x | z) does not depend on z, log p(x) is the likelihood itself, for every k."""
    model = make(reconstruction=BernoulliLoss())
    for network, scale in ((model.decoder, 0.0), (model.encoder, 0.1)):
        network.set_weights([scale * weight for weight in network.get_weights()])
    pictures = tf.constant((images > 127).astype(np.float32))
    known = -64 * np.log(2)
    bound = tf.function(
        lambda images, count: model.log_likelihood(Inputs(images), count, tf.constant([1, 2]))
    )
    bounds = [bound(pictures, count).numpy().mean() for count in (1, 2000)]
    assert bounds[0] < known
    np.testing.assert_allclose(bounds[1], known, atol=0.05)


def test_one_sample_estimates_the_elbo(images):
    model = make(reconstruction=BernoulliLoss())
    inputs = Inputs.of(tf.constant(np.repeat(images[:1], 4000, axis=0)))
    found = model.log_likelihood(inputs, 1, tf.constant([1, 2])).numpy()
    values = model.test_losses(inputs, tf.constant([5, 6]))
    elbo = -(float(values[model.reconstruction.name]) + float(values["kl_loss"]))
    assert abs(found.mean() - elbo) < 5 * np.sqrt(2) * found.std() / np.sqrt(4000)


def test_what_is_no_likelihood_has_no_log_p(images):
    model = make(reconstruction=L2Loss())
    with pytest.raises(UserError, match="not a likelihood"):
        model.log_likelihood(Inputs.of(tf.constant(images)), 1, tf.constant([1, 2]))


def test_draws_from_the_prior_follow_it():
    draws = make(prior=StandardLaplace(2.0)).sample_prior(20_000, tf.constant([1, 2]))
    assert scipy.stats.kstest(draws[:, 0], scipy.stats.laplace(scale=2).cdf).pvalue > 1e-3
