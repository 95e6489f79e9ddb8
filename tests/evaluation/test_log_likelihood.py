"""The bound of log p(x) as a score, on a model whose log p(x) is known."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp
from saved_models import write_trained
from tables import IndexImages

import tfdis
from tfdis.architectures.patch_networks import patch_decoder, patch_encoder
from tfdis.cli.evaluate import main
from tfdis.data.sprites import Sprites
from tfdis.distributions.posteriors import deterministic, diagonal_gaussian
from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.gaussian import GaussianLoss
from tfdis.losses.kl import KL
from tfdis.losses.l2 import L2Loss
from tfdis.losses.likelihood import LikelihoodLoss
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.vae import VAE
from tfdis.results import read_json, write_text

# x = W z + b + sigma e in four pixels; W's columns are orthogonal, so that p(z | x) is diagonal.
W = np.array([[0.6, 0.3], [0.6, -0.3], [0.2, 0.9], [-0.2, 0.9]])
B, SIGMA = np.array([0.1, 0.4, -0.2, 0.3]), 0.5
PRECISION = 1 + np.sum(W**2, axis=0) / SIGMA**2
LOG_P = scipy.stats.multivariate_normal(B, W @ W.T + SIGMA**2 * np.eye(4)).logpdf
DATA = IndexImages([300, 200])


def about_the_logits(pixels):
    return tfp.distributions.Independent(
        tfp.distributions.Normal(tf.math.log(pixels / (1 - pixels)), SIGMA), 3
    )


def make(exact=True, reconstruction=None, posterior_family=diagonal_gaussian):
    """The linear Gaussian model with its posterior p(z | x), or with the prior in its place."""
    images, codes = keras.Input((2, 2, 1)), keras.Input((2,))
    mean, log_variance = keras.layers.Dense(2), keras.layers.Dense(2)
    flat = keras.layers.Flatten()(images)
    encoder = keras.Model(images, [mean(flat), log_variance(flat)])
    linear = keras.layers.Dense(4)
    decoder = keras.Model(codes, keras.layers.Reshape((2, 2, 1))(linear(codes)))
    linear.set_weights([W.T, B])
    kernel = W / SIGMA**2 / PRECISION
    mean.set_weights([exact * kernel, -exact * B @ kernel])
    log_variance.set_weights([np.zeros((4, 2)), -exact * np.log(PRECISION)])
    terms = [reconstruction or LikelihoodLoss(function=about_the_logits), KL()]
    return VAE(encoder, decoder, terms, posterior_family=posterior_family)


def scores(model, num_test, num_samples, data=DATA):
    sizes = {"num_test": num_test, "num_samples": num_samples}
    bindings = [f"log_likelihood.{name} = {value}" for name, value in sizes.items()]
    return tfdis.evaluate(model, data, "log_likelihood", bindings, verbose=False)["log_likelihood"]


def drawn(num):
    return DATA.sample_observations(num, np.random.RandomState(0)).reshape(num, 4)


@pytest.mark.parametrize("as_trained", [False, True])
def test_with_the_true_posterior_one_draw_gives_log_p(as_trained):
    model = make()
    found = scores(tfdis.models.trained.TrainedModel(model) if as_trained else model, 60, 1)
    known = LOG_P(drawn(60))
    assert found["log_likelihood"] == pytest.approx(known.mean(), rel=1e-5)
    standard_error = known.std() / np.sqrt(60)
    assert found["log_likelihood_standard_error"] == pytest.approx(standard_error, rel=1e-4)


def test_with_another_posterior_the_bound_rises_from_the_elbo_to_log_p():
    """With q = p(z), E log p(x | z) = log N(x; b, sigma^2) - trace(W W^T) / (2 sigma^2)."""
    model = make(exact=False)
    elbo = scipy.stats.norm(B, SIGMA).logpdf(drawn(5000)).sum(axis=1)
    elbo -= np.sum(W**2) / (2 * SIGMA**2)
    found = scores(model, 5000, 1)
    assert abs(found["log_likelihood"] - elbo.mean()) < 5 * found["log_likelihood_standard_error"]
    known = LOG_P(drawn(60)).mean()
    assert known - elbo.mean() > 1
    between = scores(model, 60, 5)["log_likelihood"]
    assert elbo.mean() < between < known
    assert scores(model, 60, 3000)["log_likelihood"] == pytest.approx(known, abs=0.02)


def test_every_batch_has_noise_of_its_own():
    """More images than TrainedModel encodes at a time, all of them the same."""
    model = tfdis.models.trained.TrainedModel(make(exact=False))
    images = np.repeat(drawn(1).reshape(1, 2, 2, 1), 1024, axis=0)
    bounds = model.log_likelihood(images, 1)
    assert not np.any(bounds[:512] == bounds[512:])
    np.testing.assert_array_equal(bounds, model.log_likelihood(images, 1))


def test_what_has_no_likelihood_is_refused_in_a_sentence():
    vae = make()
    encoder = keras.Model(vae.encoder.input, vae.encoder.outputs[0])
    cases = {
        "not a likelihood": make(reconstruction=L2Loss()),
        "a sigma that is not 'optimal'": make(reconstruction=GaussianLoss()),
        "deterministic posterior has no density": make(posterior_family=deterministic),
        "no posterior": Autoencoder(encoder, vae.decoder, [BernoulliLoss()]),
        "no decoder": lambda images: images.reshape(len(images), -1),
    }
    for message, model in cases.items():
        with pytest.raises(UserError, match=message):
            scores(model, 10, 1)
    with pytest.raises(UserError, match="only codes here"):
        tfdis.score(drawn(20), np.arange(20)[:, None] % 3, "log_likelihood")


def test_a_model_directory_is_scored_as_the_model_in_it(tmp_path, capsys):
    keras.utils.set_random_seed(1)
    networks = patch_encoder(2, (64, 64, 1), 0.1), patch_decoder(2, (64, 64, 1), 0.1)
    model = VAE(*networks, [BernoulliLoss(), KL()])
    (tmp_path / "model").mkdir()
    model.save_in(tmp_path / "model")
    write_text(tmp_path / "model/results/gin/train.gin", "dataset.name = 'sprites'\n")
    arguments = [f"--output_dir={tmp_path / 'scores'}", "--metrics=log_likelihood"]
    sizes = ["num_test = 30", "num_samples = 4"]
    arguments += [f"--gin_bindings=log_likelihood.{size}" for size in sizes]
    assert main([*arguments, f"--model_dir={tmp_path / 'model'}"]) == 0
    path = tmp_path / "scores/log_likelihood/results/json/evaluation_results.json"
    expected = scores(tfdis.load(tmp_path / "model"), 30, 4, Sprites())["log_likelihood"]
    assert read_json(path)["log_likelihood"] == pytest.approx(expected, rel=1e-6)
    hub = write_trained(tmp_path / "hub")
    assert main([*arguments, f"--model_dir={hub}", "--overwrite"]) == 2
    assert "name a directory that tfdis-train wrote" in capsys.readouterr().err
