import json

import gin
import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.errors import UserError
from tfdis.losses.mine import LabelInformation
from tfdis.losses.supervised import (
    LabelCovariance,
    LabelCrossEntropy,
    LabelEmbedding,
    LabelL2,
)
from tfdis.losses.term import LossTerm, loss_term

NUM_VALUES = (3, 6, 4)
RNG = np.random.default_rng(0)
CODES = RNG.normal(size=(16, 5)).astype(np.float32)
LABELS = RNG.integers(0, NUM_VALUES, (16, 3)).astype(np.float32)


def _outputs(codes=CODES, labels=LABELS):
    outputs = Outputs(
        Inputs(tf.zeros([16, 2, 2, 1])), None, None, tf.constant(0), tf.constant([0, 0])
    )
    return outputs.adding(labelled_codes=tf.constant(codes), labels=tf.constant(labels))


def _prepared(term, num_latents=5):
    term.prepare(num_latents, None)
    return term


def test_cross_entropy_by_hand():
    target, probability = LABELS / np.array(NUM_VALUES), scipy.special.expit(CODES[:, :3])
    expected = -np.sum(target * np.log(probability) + (1 - target) * np.log1p(-probability))
    term = _prepared(LabelCrossEntropy(num_values=NUM_VALUES))
    np.testing.assert_allclose(term(outputs=_outputs()), expected, rtol=1e-5)


def test_l2_by_hand():
    term = _prepared(LabelL2(num_values=NUM_VALUES))
    term.scale.assign(1.5)
    expected = np.sum((1.5 * CODES[:, :3] - LABELS) ** 2)
    np.testing.assert_allclose(term(outputs=_outputs()), expected, rtol=1e-5)
    term = _prepared(LabelL2(num_values=NUM_VALUES, learn_scale=False))
    expected = np.sum((scipy.special.expit(CODES[:, :3]) - LABELS / np.array(NUM_VALUES)) ** 2)
    np.testing.assert_allclose(term(outputs=_outputs()), expected, rtol=1e-5)


@pytest.mark.parametrize("num_latents", [2, 5])
def test_covariance_is_numpys_off_its_diagonal(num_latents):
    codes = CODES[:, :num_latents]
    both = np.cov(codes.T, LABELS.T, bias=True)[:num_latents, num_latents:]
    expected = np.sum(both**2) - np.sum(np.diag(both) ** 2)
    term = _prepared(LabelCovariance(num_values=NUM_VALUES), num_latents)
    np.testing.assert_allclose(term(outputs=_outputs(codes)), expected, rtol=1e-5)


@pytest.mark.parametrize("use_order", [False, True])
@pytest.mark.parametrize("sigma", [0.5, "learn"])
def test_embedding_by_hand(use_order, sigma):
    term = _prepared(LabelEmbedding(num_values=NUM_VALUES, sigma=sigma, use_order=use_order))
    expected = 0.0
    for label, size in enumerate(NUM_VALUES):
        places = np.asarray(term.places[label])
        assert len(places) == (2 if use_order else size)
        if use_order:
            places = places[0] + places[1] * np.arange(size)
        scale = sigma if sigma != "learn" else float(term.sigmas[label][0])
        logits = -(((CODES[:, label, None] - places) * scale) ** 2)
        chances = scipy.special.log_softmax(logits, axis=1)
        expected -= np.mean(chances[np.arange(16), LABELS[:, label].astype(int)])
    np.testing.assert_allclose(term(outputs=_outputs()), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("cls", "fields"),
    [(LabelL2, {}), (LabelEmbedding, {"sigma": "learn"}), (LabelEmbedding, {"use_order": True})],
)
def test_what_is_learned_is_float32_under_mixed_precision(cls, fields, mixed_float16):
    term = _prepared(cls(num_values=NUM_VALUES, **fields))
    value = term(outputs=_outputs())
    assert value.dtype == tf.float32
    assert np.isfinite(value)


@pytest.mark.parametrize("sizes", [[3, 6, 4], (3, 6, 4)])
def test_the_numbers_of_values_are_a_list_or_a_tuple(sizes):
    term = LabelCrossEntropy(num_values=sizes)
    by_gin = gin.get_configurable("xent")(num_values=sizes)
    again = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(keras.saving.serialize_keras_object(term)))
    )
    assert term.num_values == by_gin.num_values == again.num_values == NUM_VALUES
    with pytest.raises(UserError, match=r"xent\.num_values is 3: expected a list of whole numbers"):
        LabelCrossEntropy(num_values=3)


@loss_term("sum_of_powers")
class SumOfPowers(LossTerm):
    """Fields that are sequences, of every kind."""

    powers: list[float]
    names: tuple[str, ...] | None = None
    pairs: tuple[tuple[int, int], ...] = ()

    def call(self, outputs):
        return tf.add_n([tf.reduce_mean(outputs.z**power) for power in self.powers])


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_term_with_fields_that_are_sequences_is_loaded_again(kind):
    term = SumOfPowers(powers=kind([1.0, 2.5]), names=kind("ab"), pairs=kind([kind([1, 2])]))
    written = json.loads(json.dumps(keras.saving.serialize_keras_object(term)))
    for each in (term, keras.saving.deserialize_keras_object(written)):
        assert isinstance(each.powers, list)
        assert each.powers == [1.0, 2.5]
        assert each.names == ("a", "b")
        assert each.pairs == ((1, 2),)
    assert SumOfPowers(powers=[1.0]).names is None


@pytest.mark.parametrize("cls", [LabelCrossEntropy, LabelL2, LabelCovariance, LabelEmbedding])
def test_in_any_model_the_factors_are_the_labels(cls):
    term = _prepared(cls(num_values=NUM_VALUES))
    inputs = Inputs(tf.zeros([16, 2, 2, 1]), factors=tf.constant(LABELS, tf.int32))
    codes = tf.constant(CODES)
    plain = Outputs(inputs, codes, None, tf.constant(0), tf.constant([0, 0]))
    np.testing.assert_allclose(term(outputs=plain), term(outputs=_outputs()), rtol=1e-6)
    again = _prepared(cls.from_config(term.get_config()))
    assert again.num_values == NUM_VALUES
    assert again.name == "supervised_loss"
    with pytest.raises(UserError, match="has 3 labels, and the batch has 2"):
        term(outputs=_outputs(labels=LABELS[:, :2]))


def test_mine_says_which_labels_it_was_made_for():
    term = _prepared(LabelInformation(num_labels=2))
    with pytest.raises(UserError, match="has 2 labels, and the batch has 3"):
        term(outputs=_outputs())


def test_sums_and_statistics_are_of_all_replicas():
    """`tests/training/test_strategy.py` compares the values."""
    for cls in (LabelCrossEntropy, LabelL2, LabelCovariance, LabelEmbedding, LabelInformation):
        assert cls.needs_whole_batch


def test_labels_without_latents_are_told():
    with pytest.raises(UserError, match="3 labels need as many latents, and there are 2"):
        _prepared(LabelCrossEntropy(num_values=NUM_VALUES), 2)


@pytest.mark.slow
def test_the_estimated_information_is_that_of_gaussians():
    rng, correlation = np.random.default_rng(1), 0.9
    labels = rng.normal(size=(2000, 2)).astype(np.float32)
    noise = rng.normal(size=(2000, 3)).astype(np.float32)
    codes = noise.copy()
    codes[:, 1] = correlation * labels[:, 0] + np.sqrt(1 - correlation**2) * noise[:, 1]
    keras.utils.set_random_seed(0)
    term = _prepared(LabelInformation(num_labels=2), 3)
    term.optimizer.learning_rate = 0.03

    @tf.function
    def train(step):
        with tf.GradientTape() as tape:
            outputs = Outputs(Inputs(tf.zeros([1, 2, 2, 1])), None, None, step, tf.stack([0, step]))
            outputs = outputs.adding(labelled_codes=tf.constant(codes), labels=tf.constant(labels))
            loss = term.adversary_loss(outputs)
        variables = term.adversary.trainable_variables
        term.optimizer.apply(tape.gradient(loss, variables), variables)
        return term.information(outputs), term(outputs=outputs)

    for step in range(400):
        information, value = train(tf.constant(step))
    true = -0.5 * np.log(1 - correlation**2)  # 0.83 nats
    information = np.array(information)
    assert 0.75 * true < information[1, 0] < 1.1 * true
    information[1, 0] = 0.0
    assert np.abs(information).max() < 0.1
    # Latent 1 knows of label 0, which is another latent's.
    assert 0.8 * (0.75 * true) ** 2 < float(value) < (1.1 * true) ** 2 + 0.05
