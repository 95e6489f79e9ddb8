import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import config
from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs
from tfdis.data.dummy_data import DummyData
from tfdis.data.labellers import LabelledSet
from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.kl import KL
from tfdis.losses.supervised import LabelCrossEntropy, LabelEmbedding, LabelL2
from tfdis.models import semi_supervised_presets as presets
from tfdis.models.semi_supervised_vae import SemiSupervisedVAE, SupervisedVAE
from tfdis.models.trained import load_keras

RNG = np.random.default_rng(0)


def _set(num, seed):
    rng = np.random.default_rng(seed)
    images = rng.uniform(size=(num, 8, 8, 1)).astype(np.float32)
    return LabelledSet(images, rng.integers(0, 3, (num, 2)).astype(np.float32), (3, 3))


@pytest.fixture
def images():
    return RNG.uniform(size=(6, 8, 8, 1)).astype(np.float32)


def _model(cls=SemiSupervisedVAE, num_test=4, supervised=None):
    keras.utils.set_random_seed(1)
    encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1))
    decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
    supervised = supervised or LabelCrossEntropy(10.0, num_values=(3, 3))
    terms = [BernoulliLoss(), KL(), supervised]
    model = cls(encoder, decoder, terms, (_set(10, 1), _set(num_test, 2)), num_images=100)
    model.compile(keras.optimizers.Adam(0.01))
    return model


def test_labelled_images_are_taken_in_order_again_and_again(images):
    model, labelled = _model(), _set(10, 1)
    for step in (0, 1, 7):
        outputs = model.forward(
            Inputs(tf.constant(images)), tf.constant(step, tf.int64), tf.constant([0, step]), True
        )
        rows = np.arange(6 * step, 6 * step + 6) % 10
        np.testing.assert_array_equal(outputs["labels"], labelled.labels[rows])
        expected = model.encoder(labelled.images[rows], training=True)[0]
        np.testing.assert_allclose(outputs["labelled_codes"], expected, atol=1e-6)


@pytest.mark.parametrize(("num_test", "seed"), [(4, 2), (0, 1)])
def test_losses_are_measured_on_the_rest_where_there_is_some(images, num_test, seed):
    """Each image once before any is there again."""
    model, measured = _model(num_test=num_test), _set(num_test or 10, seed)
    every = model.encode(Inputs(measured.images), training=False)
    outputs = model.forward(
        Inputs(tf.constant(images)), tf.constant(0), tf.constant([0, 0]), training=False
    )
    distances = np.abs(outputs["labelled_codes"][:, None] - every).max(axis=2)
    rows = distances.argmin(axis=1)
    assert distances.min(axis=1).max() < 1e-6
    np.testing.assert_array_equal(outputs["labels"], measured.labels[rows])
    first = rows[: num_test or 6]
    assert len(set(first)) == len(first)


def test_every_batch_is_measured_on_other_labels(images):
    model, step = _model(num_test=100), tf.constant(0)
    codes = [
        model.forward(Inputs(tf.constant(images)), step, tf.constant([0, number]), False)[
            "labelled_codes"
        ]
        for number in range(20)
    ]
    # 20 draws of 6 of 100 images: 71 are in one of them on average.
    assert len(np.unique(np.round(np.concatenate(codes), 5), axis=0)) > 55


def test_training_fits_the_labels_and_a_loaded_model_encodes(images, tmp_path):
    model = _model()
    first = model.test_losses(Inputs(tf.constant(images)), tf.constant([0, 0]))
    model.optimizer.learning_rate = 0.03
    history = model.fit(images, batch_size=6, epochs=30, verbose=0).history["supervised_loss"]
    assert np.mean(history[-5:]) < np.mean(history[:5]) - 0.3
    assert set(first) == {"loss", model.reconstruction.name, "kl_loss", "supervised_loss"}
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.encode(Inputs(images)), model.encode(Inputs(images)))


def test_a_loaded_model_is_trained_on_no_other_labels_than_it_is_given(images, tmp_path):
    """Without labelled images it would learn from the factors of every image."""
    model, factors = _model(), np.ones((6, 2), np.int32)
    model.save(tmp_path / "model.keras")
    loaded = load_keras(tmp_path / "model.keras")
    loaded.compile(keras.optimizers.SGD(0.0))
    before = [np.array(variable) for variable in loaded.trainable_variables]
    told = r"^This SemiSupervisedVAE has no labelled images.* model\.label_with\(\(train, test\)\)"
    for run in (
        lambda: loaded.fit(images, factors, batch_size=6, verbose=0),
        lambda: loaded.evaluate(images, factors, batch_size=6, verbose=0),
        lambda: loaded.update(Inputs(images, factors=factors)),
        lambda: loaded.test_losses(Inputs(images, factors=factors), tf.constant([0, 0])),
    ):
        with pytest.raises(UserError, match=told) as caught:
            run()
        assert "\n" not in str(caught.value)
    for variable, value in zip(loaded.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    for seed in (1, 5):  # the second in place of the first, whose update is compiled
        part = _set(6, seed)
        loaded.label_with((part, _set(4, 2)))
        history = loaded.fit(images, factors, batch_size=6, verbose=0).history
        codes = loaded.encode(Inputs(part.images))[:, :2]
        expected = tf.nn.sigmoid_cross_entropy_with_logits(part.labels / 3, codes)
        np.testing.assert_allclose(history["supervised_loss"][0], tf.reduce_sum(expected), 1e-5)
    assert np.isfinite(loaded.evaluate(images, batch_size=6, verbose=0)).all()


@pytest.mark.parametrize("cls", [LabelL2, LabelEmbedding])
def test_a_term_forgets_an_earlier_model(cls, tmp_path):
    term = cls(num_values=(3, 3), **({"sigma": "learn"} if cls is LabelEmbedding else {}))
    count = len(_model(supervised=term).terms[-1].weights)
    for variable in term.weights:
        variable.assign(tf.fill(variable.shape, 7.0))
    second = _model(supervised=term)
    assert len(term.weights) == count
    assert not any(np.any(variable == 7.0) for variable in term.weights)
    second.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for one, other in zip(loaded.terms[-1].weights, term.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_supervised_models_reconstruction_teaches_the_decoder_alone(images):
    model = _model(SupervisedVAE)
    with tf.GradientTape(persistent=True) as tape:
        outputs = model.forward(
            Inputs(tf.constant(images)), tf.constant(0), tf.constant([0, 0]), training=True
        )
        loss = model.reconstruction(outputs=outputs)
        supervised = model.terms[-1](outputs=outputs)
    assert all(g is None for g in tape.gradient(loss, model.encoder.trainable_variables))
    assert all(g is not None for g in tape.gradient(loss, model.decoder.trainable_variables))
    assert any(g is not None for g in tape.gradient(supervised, model.encoder.trainable_variables))


_BINDINGS = [
    "encoder.num_latent = 10",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
    "discriminator.discriminator_fn = @fc_discriminator",
    "fc_discriminator.layer_size = 8",
    "discriminator_optimizer.optimizer_fn = @AdamOptimizer",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "supervised_loss.loss_fn = @cov",
    "annealer.anneal_fn = @anneal",
    "annealer.iteration_threshold = 100",
    *(
        f"{name}.gamma_sup = 6.0"
        for name in ("s2_vae", "s2_factor_vae", "s2_dip_vae", "s2_beta_tc_vae", "s2_mine_vae")
    ),
    "s2_vae.beta = 4.0",
    "s2_mine_vae.beta = 4.0",
    "s2_beta_tc_vae.beta = 4.0",
    "s2_factor_vae.gamma = 3.0",
    "s2_dip_vae.lambda_od = 2.0",
    "s2_dip_vae.lambda_d_factor = 5.0",
]


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("s2_vae", {"kl_loss": 4.0}),
        ("s2_factor_vae", {"kl_loss": 1.0, "density_ratio": 3.0}),
        ("s2_dip_vae", {"kl_loss": 1.0, "dip": 2.0}),
        ("s2_beta_tc_vae", {"kl_loss": 1.0, "total_correlation": 3.0}),
        ("s2_mine_vae", {"kl_loss": 4.0}),
        ("supervised", {}),
    ],
)
def test_disentanglement_libs_names(name, weights):
    data = DummyData()
    factors, images = data.sample(8, np.random.RandomState(0))
    labelled = LabelledSet(images, factors.astype(np.float32), tuple(data.factors_num_values))
    with config.parsed([], _BINDINGS):
        model = getattr(presets, name)(labelled.train_and_test(1.0))(data, 0)
    model.compile("adam")
    values = model.update(Inputs(tf.constant(images)))
    assert np.isfinite(values["loss"])
    found = {term.name: term.weight for term in model.terms}
    supervised = found.pop("supervised_loss")
    assert found.pop(model.reconstruction.name) == 1.0
    assert found == weights
    at = [float(supervised(step)) if callable(supervised) else supervised for step in (0, 50, 200)]
    assert at == ([1.0] * 3 if name == "supervised" else [0.0, 3.0, 6.0])
