"""What a trained model generates: samples, interpolations, and estimates of log p(x)."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conditional import LABELS, make_cvae

from tfdis.batch import Inputs
from tfdis.distributions import diagonal_laplace
from tfdis.distributions.choice import refuse_other_than_gaussian
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.trained import TrainedModel
from tfdis.models.vae import VAE


@pytest.fixture
def trained(make_vae):
    return TrainedModel(make_vae())


def test_samples_are_decoded_draws_from_the_prior(trained):
    images = trained.sample(600, seed=3)
    z = trained.model.sample_prior(600, step_key(3, 0)).numpy()
    np.testing.assert_array_equal(images, trained.decode(z))
    assert images.shape == (600, 8, 8, 1)
    assert np.array_equal(images, trained.sample(600, seed=3))
    assert not np.array_equal(images, trained.sample(600, seed=4))


def test_an_interpolation_goes_straight_from_code_to_code(trained, images):
    first, last = trained.encode(images[:2])[0]
    codes = np.linspace(first, last, 5)
    np.testing.assert_allclose(trained.interpolate(images[:2], 5), trained.decode(codes), atol=1e-6)
    with pytest.raises(UserError, match="received 3 images, and 5 to draw"):
        trained.interpolate(images[:3], 5)


def test_log_likelihood_is_the_models_in_batches(trained, images):
    many = np.repeat(images, 20, axis=0)
    found = trained.log_likelihood(many, num_samples=3, seed=2)
    first = trained.model.log_likelihood(
        Inputs.of(tf.constant(many[:512])), 3, step_key(2, 0)
    ).numpy()
    assert found.shape == (640,)
    np.testing.assert_allclose(found[:512], first, rtol=1e-4)


def test_a_conditional_model_samples_with_labels():
    model = TrainedModel(make_cvae())
    width = sum(LABELS.class_counts)
    labels = np.eye(width, dtype=np.float32)[[0, 1]]
    z = model.model.sample_prior(2, step_key(3, 0)).numpy()
    images = model.sample(2, labels, seed=3)
    np.testing.assert_array_equal(images, model.decode(z, labels))
    assert not np.array_equal(images, model.sample(2, labels[::-1], seed=3))
    with pytest.raises(UserError, match="pass labels"):
        model.sample(2)


def test_a_deterministic_autoencoder_has_neither_prior_nor_log_p(make_vae, images):
    vae = make_vae()
    encoder = keras.Model(vae.encoder.input, vae.encoder.outputs[0])
    model = TrainedModel(Autoencoder(encoder, vae.decoder, [vae.terms[0]]))
    with pytest.raises(UserError, match="no prior"):
        model.sample(2)
    with pytest.raises(UserError, match="no posterior"):
        model.log_likelihood(images)
    assert model.latent_values is None


def test_a_model_knows_whether_it_is_gaussian(make_vae):
    model = make_vae()
    assert TrainedModel(model).is_gaussian
    other = VAE(model.encoder, model.decoder, model.terms, posterior_family=diagonal_laplace)
    assert not TrainedModel(other).is_gaussian


def test_what_needs_a_gaussian_says_so():
    refuse_other_than_gaussian({}, "udr_sklearn")
    refuse_other_than_gaussian({"vae_distributions.prior": "None"}, "udr_sklearn")
    with pytest.raises(UserError, match=r"udr_sklearn needs .* trained with the prior @vamp_prior"):
        refuse_other_than_gaussian({"vae_distributions.prior": "@vamp_prior()"}, "udr_sklearn")
    laplace = {"vae_distributions.posterior": "@laplace_posterior()"}
    with pytest.raises(UserError, match="with the posterior @laplace_posterior"):
        refuse_other_than_gaussian(laplace, "sampled_representation", prior=False)
