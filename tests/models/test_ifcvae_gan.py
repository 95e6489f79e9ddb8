"""IFcVAE-GAN as published: its losses by numpy, and whom each of them trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from conditional import LABELS, a_batch, base_terms, make_ifcvae, one_hot
from scipy.special import expit, log_expit, log_softmax

from tfdis import config
from tfdis.batch import Inputs
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.keys import Salt, step_key, subkey
from tfdis.losses.image_adversary import ImageAdversary
from tfdis.models.conditional_presets import ifcvae_gan
from tfdis.models.trained import load_keras

IMAGES, FACTORS = a_batch()
LABEL = one_hot(FACTORS)
SGD = keras.optimizers.SGD


def make(w_le=1.0, w_aux=1.0, w_gan=1.0, base=None):
    images = keras.Input((8, 8, 1))
    keras.utils.set_random_seed(2)
    hidden = keras.layers.Dense(8, "relu")(keras.layers.Flatten()(images))
    discriminator = keras.Model(images, keras.layers.Dense(1)(hidden))
    term = ImageAdversary(w_gan, adversary=discriminator, optimizer=SGD(0.03))
    return make_ifcvae(
        term,
        base=base,
        w_le=w_le,
        w_aux=w_aux,
        optimizer=SGD,
        objective="cross_entropy",
        trains="everything",
    )


def batch_of(model):
    inputs = Inputs.of((tf.constant(IMAGES), tf.constant(FACTORS)))
    return model.forward(inputs, tf.constant(0), step_key(0, 0), training=True)


def logits_of(network, inputs):
    return network(inputs).numpy().astype(np.float64)


def cross_entropy(logits):
    """The two labels' cross-entropies without class weights, `[batch, 2]`."""
    parts = [slice(0, 3), slice(3, 5)]
    found = [-(LABEL[:, p] * log_softmax(logits[:, p], axis=1)).sum(axis=1) for p in parts]
    return np.stack(found, axis=1)


def weighted(logits):
    weights = [LABEL[:, p] @ LABELS.class_weights[p] for p in (slice(0, 3), slice(3, 5))]
    pairs = zip(cross_entropy(logits).T, weights)
    return sum(np.average(entropies, weights=weight) for entropies, weight in pairs)


def image_adversary(model):
    return next(term for term in model.terms if isinstance(term, ImageAdversary))


def networks(model):
    return {
        "encoder": model.encoder,
        "decoder": model.decoder,
        "label encoder": model.classification.adversary,
        "auxiliary": model.terms[-1].adversary,
        "image discriminator": image_adversary(model).adversary,
    }


def gradients(model):
    """What the model's own loss asks of every network, each flattened."""
    with tf.GradientTape(persistent=True) as tape:
        loss, _ = model.losses_of(batch_of(model))
    found = {}
    for name, network in networks(model).items():
        parts = tape.gradient(
            loss, network.trainable_variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        found[name] = np.concatenate([np.ravel(part) for part in parts])
    return found


def test_every_value_is_the_formulas():
    model = make(w_le=2.0, w_aux=3.0, w_gan=5.0)
    outputs = batch_of(model)
    loss, values = model.losses_of(outputs)
    parts = networks(model)
    reconstruction = expit(outputs.logits.numpy().astype(np.float64))
    drawn = outputs["drawn"].numpy()
    np.testing.assert_allclose(outputs["decoded"], reconstruction, atol=1e-6)
    label = weighted(logits_of(parts["label encoder"], outputs["decoded"]))
    auxiliary = cross_entropy(logits_of(parts["auxiliary"], outputs.z)).mean(axis=0).sum()
    discriminator = parts["image discriminator"]
    real, made, random = (
        logits_of(discriminator, each) for each in (IMAGES / 255, reconstruction, drawn)
    )
    defeat = -(log_expit(made).mean() + log_expit(random).mean()) / 2
    np.testing.assert_allclose(values["label_loss"], label, rtol=1e-4)
    np.testing.assert_allclose(values["auxiliary_loss"], -auxiliary, rtol=1e-4)
    np.testing.assert_allclose(values["image_adversary_loss"], defeat, rtol=1e-4)
    base = float(values["reconstruction_loss"]) + float(values["kl_loss"])
    expected = base + 2.0 * label - 3.0 * auxiliary + 5.0 * defeat
    np.testing.assert_allclose(float(loss), expected, rtol=1e-5)

    on_images = weighted(logits_of(parts["label encoder"], IMAGES / 255))
    own = {type(term).__name__: term.adversary_loss(outputs) for term in model.adversarial_terms}
    told = -(log_expit(real).mean() + log_expit(-made).mean() + log_expit(-random).mean()) / 3
    expected = {
        "LabelClassification": on_images + 2.0 * label,
        "LabelAdversary": auxiliary,
        "ImageAdversary": told,
    }
    for name, value in expected.items():
        np.testing.assert_allclose(own[name], value, rtol=1e-4)


def test_the_random_images_are_of_the_prior_and_the_true_labels():
    model = make()
    key = subkey(step_key(0, 0), Salt.PRIOR_DRAWS)
    z = model.sample_prior(len(IMAGES), key).numpy()
    assert abs(z.mean()) < 0.4
    logits = logits_of(model.decoder, np.concatenate([z, LABEL], axis=1))
    np.testing.assert_allclose(batch_of(model)["drawn"], expit(logits), atol=1e-5)


@pytest.mark.parametrize(
    ("weights", "trained"),
    [
        ({"w_le": 1.0}, ["encoder", "decoder", "label encoder"]),
        ({"w_aux": 1.0}, ["encoder", "auxiliary"]),
        ({"w_gan": 1.0}, ["encoder", "decoder", "image discriminator"]),
    ],
)
def test_whom_each_loss_reaches(weights, trained):
    """Of the networks that have a loss of their own, `own_variables` leaves the gradient away."""
    none = {"w_le": 0.0, "w_aux": 0.0, "w_gan": 0.0}
    model = make(**{**none, **weights}, base=base_terms(0.0, 0.0))
    reached = [name for name, gradient in gradients(model).items() if np.any(gradient)]
    assert reached == trained
    own = {id(variable) for variable in model.own_variables}
    for name, network in networks(model).items():
        is_own = {id(variable) in own for variable in network.trainable_variables}
        assert is_own == {name in ("encoder", "decoder")}


def test_an_update_moves_all_and_is_the_same_after_saving(tmp_path):
    model = make()
    before = {name: network.get_weights() for name, network in networks(model).items()}
    inputs = Inputs.of((tf.constant(IMAGES), tf.constant(FACTORS)))
    model.save(tmp_path / "model.keras")
    values = model.update(inputs)
    for name, network in networks(model).items():
        pairs = zip(network.get_weights(), before[name])
        assert all(np.any(new != old) for new, old in pairs), name
    again = load_keras(tmp_path / "model.keras")
    assert again.classification.trains == "everything"
    again.compile(SGD(0.01))
    for name, value in again.update(inputs).items():
        np.testing.assert_array_equal(value, values[name])


def test_it_needs_its_discriminator():
    with pytest.raises(UserError, match="needs a discriminator of images"):
        make_ifcvae(ImageAdversary(adversary=None))


def test_gin_makes_it():
    bindings = [
        "patch_encoder.width = 0.2",
        "hypernetwork_decoder.width = 0.1",
        "label/conv_encoder.width = 0.1",
        "image/conv_discriminator.width = 0.1",
        "image/AdamOptimizer.learning_rate = 0.125",
        "ifcvae_gan.w_gan = 7.0",
    ]
    with config.parsed(["ifcvae_gan.gin"], bindings):
        model = ifcvae_gan()(Sprites(), 0)
    term = image_adversary(model)
    assert term.weight == 7.0
    assert term.adversary.input.shape == (None, 64, 64, 1)
    assert term.adversary.outputs[0].shape == (None, 1)
    assert term.adversary.get_layer("convolution_1").filters == 3
    assert float(term.optimizer.learning_rate) == 0.125
    assert model.classification.trains == "everything"
    assert model.terms[-1].objective == "cross_entropy"
