import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.l2 import L2Loss


def probabilities(logits, activation):
    logits = logits.astype(np.float64)
    return scipy.special.expit(logits) if activation == "logits" else np.tanh(logits) / 2 + 0.5


@pytest.mark.parametrize("activation", ["logits", "tanh"])
@pytest.mark.parametrize("subtract", [False, True])
def test_bernoulli_equals_scipy(batch, arrays, activation, subtract):
    x, p = arrays["images"], probabilities(arrays["logits"], activation)
    if activation == "tanh":
        p = np.clip(p, 1e-6, 1 - 1e-6)
    expected = scipy.special.rel_entr(x, p) + scipy.special.rel_entr(1 - x, 1 - p)
    if not subtract:
        expected += scipy.stats.bernoulli(x).entropy()
    term = BernoulliLoss(subtract_true_image_entropy=subtract, activation=activation)
    np.testing.assert_allclose(term(outputs=batch), expected.sum(axis=(1, 2, 3)).mean(), rtol=1e-5)


@pytest.mark.parametrize("activation", ["logits", "tanh"])
@pytest.mark.parametrize("subtract", [False, True])
def test_bernoulli_equals_disentanglement_lib(batch, arrays, dlib15_path, activation, subtract):
    from tfdis.evaluation.compat import disentanglement_lib

    losses = disentanglement_lib(dlib15_path).module("methods.shared.losses")
    x, logits = batch.inputs.images, batch.logits
    expected = losses.bernoulli_loss(x, logits, activation, subtract_true_image_entropy=subtract)
    term = BernoulliLoss(subtract_true_image_entropy=subtract, activation=activation)
    np.testing.assert_allclose(term.per_image(x, logits), expected, rtol=1e-5)


@pytest.mark.parametrize("activation", ["logits", "tanh"])
def test_l2_equals_numpy(batch, arrays, activation):
    difference = arrays["images"] - probabilities(arrays["logits"], activation)
    np.testing.assert_allclose(
        L2Loss(activation=activation)(outputs=batch),
        (difference**2).sum(axis=(1, 2, 3)).mean(),
        rtol=1e-5,
    )


def test_pixels_are_what_the_loss_compares(batch, arrays):
    pixels = L2Loss(activation="tanh").pixels(batch.logits)
    np.testing.assert_allclose(pixels, probabilities(arrays["logits"], "tanh"), atol=1e-6)


def test_an_unknown_activation_says_which_there_are():
    with pytest.raises(UserError, match="'logits' or 'tanh'"):
        BernoulliLoss(activation="relu")


def test_bernoulli_is_accurate_where_logits_are_large():
    logits = tf.constant([[[[-90.0], [90.0], [-30.0], [30.0]]]])
    images = tf.constant([[[[0.0], [1.0], [1.0], [0.0]]]])
    expected = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
    np.testing.assert_allclose(
        BernoulliLoss().per_image(images, logits), tf.reduce_sum(expected), rtol=1e-6
    )
