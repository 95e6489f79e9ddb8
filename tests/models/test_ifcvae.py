import keras
import numpy as np
import pytest
import tensorflow as tf
from conditional import (
    COUNTS,
    LABELS,
    a_batch,
    base_terms,
    discriminator,
    make_cvae,
    make_ifcvae,
    one_hot,
)
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression

from tfdis import config
from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs, Outputs
from tfdis.data.sprites import Sprites
from tfdis.distributions import diagonal_gaussian
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.label_adversary import LabelAdversary
from tfdis.models.conditional_presets import ifcvae
from tfdis.models.ifcvae import IFCVAE
from tfdis.models.trained import TrainedModel, load_keras
from tfdis.models.vae import VAE
from tfdis.training.checkpoint import Checkpoints

IMAGES, FACTORS = a_batch()
LABEL = one_hot(FACTORS)
SGD = keras.optimizers.SGD


def data_of(start=0, stop=32):
    return Inputs.of((tf.constant(IMAGES[start:stop]), tf.constant(FACTORS[start:stop])))


def numbers(values):
    return {name: float(value) for name, value in values.items()}


def networks(model):
    return {
        "encoder": model.encoder,
        "decoder": model.decoder,
        "label encoder": model.classification.adversary,
        "discriminator": model.terms[-1].adversary,
    }


def weights(network):
    return [variable.numpy() for variable in network.trainable_variables]


def moved(model):
    """How each network's weights move in an update."""
    before = {name: weights(network) for name, network in networks(model).items()}
    model.update(data_of())
    return {
        name: [new - old for new, old in zip(weights(network), before[name], strict=True)]
        for name, network in networks(model).items()
    }


def is_still(moves):
    return not any(np.any(move) for move in moves)


def cross_entropy(logits, class_weights):
    """Weighted by class in each of the two labels, their sum; by numpy."""
    total = 0
    for columns in (slice(0, 3), slice(3, 5)):
        entropies = -(LABEL[:, columns] * log_softmax(logits[:, columns], axis=1)).sum(axis=1)
        counts = LABEL[:, columns] @ class_weights[columns]
        total += np.average(entropies, weights=counts)
    return total


def standardized(codes):
    return (codes - np.mean(codes, axis=0)) / np.sqrt(np.var(codes, axis=0) + 1e-6)


def accuracy(logits):
    parts = [slice(0, 3), slice(3, 5)]
    return np.mean([logits[:, p].argmax(1) == LABEL[:, p].argmax(1) for p in parts])


def test_the_decoder_gets_z_beside_the_label_encoders_soft_label():
    model = make_ifcvae()
    x = tf.constant(IMAGES / 255, tf.float32)
    batch = model.forward(data_of(), tf.constant(0), step_key(0, 0), training=True)
    logits = np.asarray(model.classification.adversary(x))
    code = np.concatenate([softmax(logits[:, :3], axis=1), softmax(logits[:, 3:], axis=1)], axis=1)
    np.testing.assert_allclose(model.infer_labels(x), code, rtol=1e-5)
    expected = model.decoder(np.concatenate([batch.z, code], axis=1))
    np.testing.assert_allclose(batch.logits, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(batch["decoded"], 1 / (1 + np.exp(-expected)), rtol=1e-4)
    np.testing.assert_array_equal(batch.inputs.labels, LABEL)


def test_values_and_accuracies_are_those_of_numpy():
    model = make_ifcvae()
    batch = model.forward(data_of(), tf.constant(0), step_key(0, 0), training=True)
    loss, values = model.losses_of(batch)
    values = numbers(values)
    on_input = np.asarray(model.classification.adversary(batch.inputs.images))
    on_reconstruction = np.asarray(model.classification.adversary(batch["decoded"]))
    on_codes = np.asarray(model.terms[-1].adversary(standardized(batch.posterior.mean())))
    np.testing.assert_allclose(
        values["label_loss"], cross_entropy(on_reconstruction, LABELS.class_weights), rtol=1e-4
    )
    assert values["label_accuracy_input"] == pytest.approx(accuracy(on_input))
    assert values["label_accuracy_reconstruction"] == pytest.approx(accuracy(on_reconstruction))
    assert values["auxiliary_accuracy"] == pytest.approx(accuracy(on_codes))
    divergence = 0
    for columns in (slice(0, 3), slice(3, 5)):
        p = LABEL[:, columns].mean(axis=0)
        divergence += (p * (np.log(p) - log_softmax(on_codes[:, columns], axis=1))).sum(1).mean()
    np.testing.assert_allclose(values["auxiliary_loss"], divergence, rtol=1e-3)
    summed = sum(
        values[name] for name in ("reconstruction_loss", "kl_loss", "label_loss", "auxiliary_loss")
    )
    np.testing.assert_allclose(float(loss), summed, rtol=1e-5)
    own = [term.adversary_loss(batch) for term in model.adversarial_terms]
    weights_ = LABELS.class_weights, np.ones(5)
    expected = [cross_entropy(*each) for each in zip((on_input, on_codes), weights_)]
    np.testing.assert_allclose(own, expected, rtol=1e-4)


def test_reconstruction_and_kl_train_encoder_and_decoder_alone():
    moves = moved(make_ifcvae(w_le=0.0, w_aux=0.0, optimizer=SGD))
    expected = moved(make_ifcvae(base=base_terms(0.0, 0.0), w_le=0.0, w_aux=0.0, optimizer=SGD))
    assert not is_still(moves["encoder"])
    assert not is_still(moves["decoder"])
    assert is_still(expected["encoder"])
    assert is_still(expected["decoder"])
    for name in ("label encoder", "discriminator"):
        for one, other in zip(moves[name], expected[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_label_on_the_reconstruction_trains_the_decoder_alone():
    alone = moved(make_ifcvae(base=base_terms(0.0, 0.0), w_le=5.0, w_aux=0.0, optimizer=SGD))
    without = moved(make_ifcvae(base=base_terms(0.0, 0.0), w_le=0.0, w_aux=0.0, optimizer=SGD))
    assert is_still(alone["encoder"])
    assert not is_still(alone["decoder"])
    for name in ("label encoder", "discriminator"):
        for one, other in zip(alone[name], without[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_discriminators_defeat_trains_the_encoder_alone():
    alone = moved(make_ifcvae(base=base_terms(0.0, 0.0), w_le=0.0, w_aux=5.0, optimizer=SGD))
    without = moved(make_ifcvae(base=base_terms(0.0, 0.0), w_le=0.0, w_aux=0.0, optimizer=SGD))
    assert not is_still(alone["encoder"])
    assert is_still(alone["decoder"])
    for name in ("label encoder", "discriminator"):
        for one, other in zip(alone[name], without[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_label_encoder_and_discriminator_descend_their_own_losses():
    """Their moves are those of plain gradient descent on hand-made inputs."""
    model = make_ifcvae(optimizer=SGD)
    x = tf.constant(IMAGES / 255, tf.float32)
    label_encoder, discriminator_ = model.classification.adversary, model.terms[-1].adversary
    codes = standardized(model.encoder(x)[0])

    def loss_of(network, inputs, class_weights):
        logits = network(inputs)
        total = 0.0
        for first, last in ((0, 3), (3, 5)):
            entropies = tf.nn.softmax_cross_entropy_with_logits(
                LABEL[:, first:last].astype("float32"), logits[:, first:last]
            )
            counts = (LABEL[:, first:last] @ class_weights[first:last]).astype("float32")
            total += tf.reduce_sum(counts * entropies) / counts.sum()
        return total

    cases = {
        "label encoder": (label_encoder, x, LABELS.class_weights, 0.01),
        "discriminator": (discriminator_, codes, np.ones(5), 0.02),
    }
    expected = {}
    # The learning rate of the label encoder is 0.01, that of the discriminator 0.02.
    for name, (network, inputs, class_weights, rate) in cases.items():
        with tf.GradientTape() as tape:
            loss = loss_of(network, inputs, class_weights)
        gradients = tape.gradient(loss, network.trainable_variables)
        expected[name] = [-rate * gradient.numpy() for gradient in gradients]
    moves = moved(model)
    for name, expected_moves in expected.items():
        for one, other in zip(moves[name], expected_moves, strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-2, atol=1e-6)


def test_the_encoder_learns_to_hide_the_label_from_its_adversary():
    """Free codes that start apart by class end where a fresh reader cannot tell them."""
    keras.utils.set_random_seed(1)
    labels = tf.one_hot(np.arange(120) % 3, 3)
    start = np.random.RandomState(0).normal(size=(120, 2)) * 0.3 + np.eye(3)[np.arange(120) % 3, :2]
    codes = tf.Variable(start.astype(np.float32))
    hidden = keras.Sequential([keras.Input((2,)), keras.layers.Dense(32, "relu")])
    network = keras.Sequential([hidden, keras.layers.Dense(3)])
    term = LabelAdversary(
        adversary=network, optimizer=keras.optimizers.Adam(0.01), num_updates=5, class_counts=(3,)
    )
    encoder = keras.optimizers.Adam(0.003)
    encoder.build([codes])

    def batch():
        posterior = diagonal_gaussian(codes, tf.zeros_like(codes))
        return Outputs(Inputs(None, labels=labels), codes, None, None, None, posterior)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            # Held to where they are, as a reconstruction would hold them.
            held = tf.reduce_mean(tf.square(codes - start.astype(np.float32)))
            loss = 10.0 * term(outputs=batch()) + held
        encoder.apply(tape.gradient(loss, [codes]), [codes])
        for _ in range(term.num_updates):
            with tf.GradientTape() as tape:
                loss = term.adversary_loss(batch())
            variables = network.trainable_variables
            term.optimizer.apply(tape.gradient(loss, variables), variables)

    def score():
        reader = LogisticRegression().fit(codes.numpy()[::2], np.arange(120)[::2] % 3)
        return reader.score(codes.numpy()[1::2], np.arange(120)[1::2] % 3)

    assert score() > 0.8
    for _ in range(1000):
        step()
    assert score() < 0.5


def test_the_label_encoder_learns_the_label():
    images = IMAGES.copy()
    for shape in range(3):
        images[FACTORS[:, 2] == shape, :, shape] = 255
    images[..., 4:, 0] = 255 * FACTORS[:, 0][:, None, None]
    model = make_ifcvae()
    model.fit(images, FACTORS, batch_size=8, epochs=25, verbose=0)
    inferred = TrainedModel(model).infer_labels(images)
    assert accuracy(inferred) > 0.95


def test_soft_labels_are_learnt_from_too():
    soft = 0.9 * LABEL + 0.1 * np.concatenate([np.full(3, 1 / 3), np.full(2, 1 / 2)])
    model = make_ifcvae()
    batches = {"images": IMAGES, "labels": soft.astype("float32")}
    history = model.fit(batches, epochs=20, verbose=0).history
    assert history["label_loss"][-1] < history["label_loss"][0]
    assert {"label_accuracy_input", "auxiliary_accuracy", "kl_loss"} <= set(history)


def test_factor_vaes_discriminator_beside_the_others(tmp_path):
    """Three networks with optimizers of their own; all state is saved, and goes on bit-equal."""

    def fresh():
        ratio = DensityRatio(
            adversary=discriminator(2), optimizer=keras.optimizers.Adam(0.01), second_batch=True
        )
        return make_ifcvae(ratio)

    whole, first = fresh(), fresh()
    expected = [numbers(whole.update(data_of())) for _ in range(4)]
    for _ in range(2):
        first.update(data_of())
    Checkpoints(tmp_path / "checkpoints", [], 60).save(first, 2)
    first.save(tmp_path / "model.keras")
    second = fresh()
    for variable in second.variables:
        variable.assign(tf.zeros_like(variable))
    assert Checkpoints(tmp_path / "checkpoints", [], 60).restore(second) == 2
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, IFCVAE)
    for resumed in (second, loaded):
        assert [numbers(resumed.update(data_of())) for _ in range(2)] == expected[2:]
        for one, other in zip(resumed.variables, whole.variables, strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_weights_may_follow_schedules_through_saving(tmp_path):
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.0, 20.0])
    model = make_ifcvae(w_aux=schedule)
    model.save(tmp_path / "model.keras")
    term = load_keras(tmp_path / "model.keras").terms[-1]
    assert [float(term.at("weight", tf.constant(step))) for step in (0, 5)] == [0.0, 20.0]


def test_the_adversary_may_join_a_cvae():
    """It is a term like any other."""
    model = make_cvae(
        LabelAdversary(
            3.0,
            adversary=discriminator(),
            optimizer=keras.optimizers.Adam(0.01),
            class_counts=COUNTS,
        )
    )
    values = numbers(model.update(data_of()))
    base = values["reconstruction_loss"] + values["kl_loss"]
    np.testing.assert_allclose(values["loss"], base + 3.0 * values["auxiliary_loss"], rtol=1e-5)


def test_the_adversary_in_a_model_without_labels_says_so():
    keras.utils.set_random_seed(1)
    encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1))
    decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
    term = LabelAdversary(adversary=discriminator(), class_counts=COUNTS)
    model = VAE(encoder, decoder, [*base_terms(), term])
    model.compile("adam")
    with pytest.raises(UserError, match=r"^label_adversary needs labels, .*conditional model\.$"):
        model.update(data_of())


def test_the_published_defeat_is_the_negative_of_the_adversarys_loss():
    """-w_aux L_aux of Creswell et al. (2017), on the codes themselves, by scipy."""
    codes = keras.Input((3,))
    network = keras.Model(codes, keras.layers.Dense(2)(codes))
    term = LabelAdversary(adversary=network, class_counts=(2,), objective="cross_entropy")
    random_state = np.random.RandomState(0)
    z = random_state.normal(size=(8, 3)).astype(np.float32)
    labels = np.eye(2, dtype=np.float32)[random_state.randint(0, 2, size=8)]
    outputs = Outputs(
        Inputs(None, labels=tf.constant(labels)),
        tf.constant(z),
        None,
        tf.constant(0),
        tf.constant([1, 2]),
    )
    log_probabilities = log_softmax(network(z).numpy(), axis=1)
    expected = (labels * log_probabilities).sum(axis=1).mean()
    np.testing.assert_allclose(term(outputs=outputs), expected, rtol=1e-5)
    np.testing.assert_allclose(term.adversary_loss(outputs), -expected, rtol=1e-5)


def test_defeat_is_complete_where_the_adversary_answers_the_frequencies():
    model = make_ifcvae()
    batch = model.forward(data_of(), tf.constant(0), step_key(0, 0), training=False)
    term = model.terms[-1]
    *_, kernel, bias = term.adversary.trainable_variables
    assert float(term(outputs=batch)) > 1e-3
    kernel.assign(tf.zeros_like(kernel))
    bias.assign(np.log(LABEL.mean(axis=0)))
    np.testing.assert_allclose(float(term(outputs=batch)), 0, atol=1e-5)


def test_the_discriminator_may_be_trained_several_times_on_a_batch():
    model, batch = make_ifcvae(num_updates=3), data_of()
    model.update(batch)
    assert int(model.terms[-1].optimizer.iterations) == 3
    assert int(model.classification.optimizer.iterations) == 1
    assert int(model.optimizer.iterations) == 1


def test_an_ifcvae_needs_its_label_encoder():
    model = make_ifcvae()
    with pytest.raises(
        UserError, match="needs one LabelClassification among its terms: there are 0"
    ):
        IFCVAE(model.encoder, model.decoder, base_terms(), LABELS)


@pytest.mark.parametrize("file", ["ifcvae.gin", "factor_ifcvae.gin"])
def test_gin_makes_it_with_scopes_for_label_encoder_and_discriminator(file):
    bindings = [
        "ifcvae.labels = ['shape', 'scale']",
        "patch_encoder.width = 0.4",
        "label/conv_encoder.width = 0.1",
        "label/vae_optimizer.learning_rate = 0.125",
        "auxiliary/AdamOptimizer.learning_rate = 0.25",
        "auxiliary/fc_discriminator.layer_size = 7",
        "auxiliary/fc_discriminator.num_layers = 2",
    ]
    with config.parsed([file], bindings):
        model = ifcvae()(Sprites(), 0)
    label_encoder, adversary = model.terms[-2:]
    assert label_encoder.adversary.outputs[0].shape == (None, 9)
    assert label_encoder.adversary.get_layer("dense").units == 26
    assert model.encoder.get_layer("dense").units == 51
    assert float(label_encoder.optimizer.learning_rate) == 0.125
    assert float(adversary.optimizer.learning_rate) == 0.25
    assert [layer.units for layer in adversary.adversary.layers[1:]] == [7, 7, 9]
    assert ("density_ratio" in model.value_names) == (file == "factor_ifcvae.gin")
