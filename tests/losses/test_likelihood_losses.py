import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.errors import UserError
from tfdis.losses.continuous_bernoulli import ContinuousBernoulliLoss
from tfdis.losses.gaussian import GaussianLoss
from tfdis.losses.laplace import LaplaceLoss
from tfdis.losses.likelihood import LikelihoodLoss

tfd = tfp.distributions


def prepared(term):
    term.prepare(num_latents=5, num_images=None)
    return term


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


@pytest.mark.parametrize("activation", ["logits", "tanh"])
def test_gaussian_and_laplace_equal_scipy(batch, arrays, activation):
    logits = arrays["logits"]
    pixels = sigmoid(logits) if activation == "logits" else np.tanh(logits) / 2 + 0.5
    for term, density in (
        (GaussianLoss(sigma=0.3, activation=activation), scipy.stats.norm(pixels, 0.3)),
        (LaplaceLoss(scale=0.3, activation=activation), scipy.stats.laplace(pixels, 0.3)),
    ):
        expected = -density.logpdf(arrays["images"]).sum(axis=(1, 2, 3)).mean()
        np.testing.assert_allclose(prepared(term)(outputs=batch), expected, rtol=1e-5)


def test_the_optimal_sigma_is_that_of_the_batch(batch, arrays):
    pixels = sigmoid(arrays["logits"])
    sigma = np.sqrt(np.mean((pixels - arrays["images"]) ** 2))
    expected = -scipy.stats.norm(pixels, sigma).logpdf(arrays["images"]).sum(axis=(1, 2, 3)).mean()
    term = prepared(GaussianLoss())
    np.testing.assert_allclose(term(outputs=batch), expected, rtol=1e-5)
    assert term.needs_whole_batch
    assert not GaussianLoss(sigma=0.3).needs_whole_batch


def test_a_learned_sigma_is_drawn_to_the_optimal_one(batch, arrays):
    term = prepared(GaussianLoss(sigma="learned"))
    sigma = np.sqrt(np.mean((sigmoid(arrays["logits"]) - arrays["images"]) ** 2))
    slopes = []
    for factor in (0.9, 1.0, 1.1):
        term.log_sigma.assign(np.log(factor * sigma))
        with tf.GradientTape() as tape:
            loss = term(outputs=batch)
        slopes.append(float(tape.gradient(loss, term.log_sigma.value)))
    assert slopes[0] < -10
    assert slopes[2] > 10
    np.testing.assert_allclose(slopes[1], 0, atol=0.01)
    term.prepare(num_latents=5, num_images=None)
    assert len(term.trainable_variables) == 1
    assert float(term.log_sigma) == 0.0


def test_a_learned_sigma_is_float32_under_mixed_precision(batch, mixed_float16):
    """As the images and logits are that it is compared with."""
    expected = prepared(GaussianLoss(sigma=1.0))(outputs=batch)
    term = prepared(GaussianLoss(sigma="learned"))
    serialized = keras.saving.serialize_keras_object(term)
    for each in (term, prepared(keras.saving.deserialize_keras_object(serialized))):
        assert each.dtype_policy.name == "float32"
        np.testing.assert_allclose(each(outputs=batch), expected, rtol=1e-5)
    chosen = GaussianLoss(dtype="mixed_bfloat16")
    for each in (chosen, GaussianLoss.from_config(chosen.get_config())):
        assert each.dtype_policy.name == "mixed_bfloat16"


@keras.saving.register_keras_serializable("tests")
def student_t_pixels(pixels):
    return tfd.Independent(tfd.StudentT(3.0, pixels, 0.2), 3)


def test_any_other_likelihood_is_a_function_of_the_users(batch, arrays):
    term = prepared(LikelihoodLoss(function=student_t_pixels))
    density = scipy.stats.t(3, sigmoid(arrays["logits"]), 0.2)
    expected = -density.logpdf(arrays["images"]).sum(axis=(1, 2, 3)).mean()
    np.testing.assert_allclose(term(outputs=batch), expected, rtol=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(term))
    np.testing.assert_allclose(prepared(again)(outputs=batch), expected, rtol=1e-5)


def test_continuous_bernoulli_takes_logits_alone():
    with pytest.raises(UserError, match="expected 'logits'"):
        prepared(ContinuousBernoulliLoss(activation="tanh"))


@pytest.mark.parametrize("sigma", [0.0, "optimum"])
def test_a_sigma_that_is_none_is_refused(sigma):
    with pytest.raises(UserError, match=r"gaussian_loss\.sigma is .* 'learned' or 'optimal'"):
        GaussianLoss(sigma=sigma)
