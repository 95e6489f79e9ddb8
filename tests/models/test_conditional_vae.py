import keras
import numpy as np
import pytest
import tensorflow as tf
from conditional import LABELS, a_batch, base_terms, discriminator, make_cvae, one_hot
from scipy.special import softmax

from tfdis import config
from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.architectures.tilers import constant_tiler, label_tiler
from tfdis.batch import Inputs
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.losses.capacity import Capacity
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.dip import DIP
from tfdis.losses.mmd import MMD
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.conditional_presets import cvae
from tfdis.models.conditional_vae import ConditionalVAE
from tfdis.models.hub_module import export_hub_module
from tfdis.models.trained import TrainedModel, load_keras
from tfdis.schedules import LinearSchedule

IMAGES, FACTORS = a_batch()


def data_of(factors=FACTORS):
    return Inputs.of((tf.constant(IMAGES), tf.constant(factors)))


def numbers(values):
    return {name: float(value) for name, value in values.items()}


def log_bernoulli(images, logits):
    """log p(x | logits), `[batch]`."""
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    return (images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3))


def kl_of(mean, log_variance):
    return 0.5 * (np.exp(log_variance) + mean**2 - 1 - log_variance).sum(axis=1)


def encoded(model, x, y):
    return model.encode(Inputs(tf.constant(x), labels=tf.constant(y)))


def test_loss_is_the_negative_elbo_of_images_given_labels():
    """Encoder on images beside planes, decoder on codes beside labels, both called by hand."""
    model = make_cvae()
    x, y = (IMAGES / 255).astype(np.float32), one_hot(FACTORS).astype(np.float32)
    batch = model.forward(data_of(), tf.constant(0), step_key(0, 0), training=True)
    loss, values = model.losses_of(batch)
    planes = model.tiler(y).numpy()
    assert planes.shape == (32, 8, 8, 5)
    mean, log_variance = map(np.asarray, model.encoder(np.concatenate([x, planes], axis=-1)))
    np.testing.assert_allclose(batch.posterior.mean(), mean, rtol=1e-5, atol=1e-6)
    kl = kl_of(mean, log_variance)
    logits = np.asarray(model.decoder(np.concatenate([batch.z, y], axis=-1)))
    reconstruction = -log_bernoulli(x, logits)
    np.testing.assert_allclose(values["kl_loss"], kl.mean(), rtol=1e-4)
    np.testing.assert_allclose(values["reconstruction_loss"], reconstruction.mean(), rtol=1e-4)
    np.testing.assert_allclose(loss, (kl + reconstruction).mean(), rtol=1e-4)


@pytest.mark.parametrize("tiler", [label_tiler, constant_tiler])
def test_the_label_enters_encoder_and_decoder(tiler):
    model = make_cvae(tiler=tiler)
    x, y = tf.constant(IMAGES / 255, tf.float32), tf.constant(one_hot(FACTORS), tf.float32)
    other = tf.constant(one_hot((FACTORS + 1) % [2, 7, 3]), tf.float32)
    assert np.abs(encoded(model, x, y) - encoded(model, x, other)).max() > 1e-3
    z = encoded(model, x, y)
    assert np.abs(model.decode(z, y) - model.decode(z, other)).max() > 1e-3
    np.testing.assert_array_equal(model.decode(z, y), model.decode(tf.concat([z, y], axis=-1)))


def test_the_learned_tiler_is_trained_the_constant_one_has_no_weights():
    model = make_cvae()
    before = [weight.numpy() for weight in model.tiler.trainable_variables]
    model.update(data_of())
    for old, new in zip(before[::2], model.tiler.trainable_variables[::2], strict=True):
        assert np.abs(old - new.numpy()).max() > 0
    assert not make_cvae(tiler=constant_tiler).tiler.trainable_variables


def test_an_encoder_without_a_tiler_does_not_see_the_label():
    model = make_cvae(tiler=None)
    x, y = tf.constant(IMAGES / 255, tf.float32), tf.constant(one_hot(FACTORS), tf.float32)
    np.testing.assert_array_equal(encoded(model, x, y), encoded(model, x, 1 - y))


@pytest.mark.parametrize(
    "term",
    [
        lambda: TotalCorrelation(weight=3.0, name="total_correlation"),
        lambda: TotalCorrelation(3.0, estimator="stratified"),
        lambda: DIP(2.0, dip_type="ii"),
        lambda: MMD(weight=LinearSchedule(1.0, 2.0, 10), name="mmd"),
        lambda: Capacity(2.0, capacity=LinearSchedule(0.0, 5.0, 10)),
        lambda: DensityRatio(adversary=discriminator(2), optimizer=keras.optimizers.Adam(0.01)),
        lambda: DensityRatio(
            adversary=discriminator(2), optimizer=keras.optimizers.Adam(0.01), second_batch=True
        ),
    ],
)
def test_every_term_can_be_added(term):
    model = make_cvae(term())
    plain = make_cvae()
    values, expected = numbers(model.update(data_of())), numbers(plain.update(data_of()))
    added = model.terms[-1]
    weight = float(added.at("weight", tf.constant(0)))
    base = values["reconstruction_loss"] + values["kl_loss"]
    np.testing.assert_allclose(values["loss"], base + weight * values[added.name], rtol=1e-5)
    if model.batches_per_step == 1:
        np.testing.assert_allclose(base, expected["loss"], rtol=1e-5)


def test_fit_learns_from_images_and_factors_or_soft_labels():
    labels = one_hot(FACTORS).astype(np.float32)
    for batch in ((IMAGES, FACTORS), ({"images": IMAGES, "labels": labels},)):
        model = make_cvae()
        history = model.fit(*batch, batch_size=16, epochs=8, verbose=0).history["loss"]
        assert history[-1] < history[0] - 0.5


def test_factors_and_the_labels_made_of_them_are_the_same():
    labels = tf.constant(one_hot(FACTORS), tf.float32)
    batches = data_of(), Inputs.of({"images": tf.constant(IMAGES), "labels": labels})
    same = [numbers(make_cvae().update(batch)) for batch in batches]
    assert same[0] == same[1]


def test_labels_are_inferred_by_bayes_rule():
    """p(y | x) of the first label against the ELBOs computed by hand."""
    model = make_cvae()
    model.fit(IMAGES, FACTORS, epochs=30, verbose=0)
    x = (IMAGES / 255).astype(np.float32)
    bounds = []
    for shape in np.eye(3):
        y = np.tile([*shape, 0.5, 0.5], (32, 1)).astype(np.float32)
        planes = np.asarray(model.tiler(y))
        mean, log_variance = map(np.asarray, model.encoder(np.concatenate([x, planes], -1)))
        logits = np.asarray(model.decoder(np.concatenate([mean, y], -1)))
        bounds.append(log_bernoulli(x, logits) - kl_of(mean, log_variance))
    inferred = model.infer_labels(tf.constant(x)).numpy()
    np.testing.assert_allclose(inferred[:, :3], softmax(bounds, axis=0).T, atol=1e-3)
    np.testing.assert_allclose(inferred[:, 3:].sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(
        model.encode(Inputs(tf.constant(x))), encoded(model, x, inferred), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        (
            FACTORS[:, :2],
            r"shape \[32, 2\]: expected integers \[batch, num_factors\] with at least 3",
        ),
        (FACTORS[:, 0], "at least 3"),
        (np.zeros((4, 6), np.float32), r"type float32 and the shape \[4, 6\]: expected integers"),
        (np.array([[0, 0, 0], [0, 0, 3]]), "Factor 2, shape, is 3 in row 1: expected 0 to 2"),
        (np.array([[-1, 0, 0]]), "Factor 0, colour, is -1 in row 0: expected 0 to 1"),
    ],
)
def test_bad_labels_are_refused_in_one_sentence(factors, words):
    with pytest.raises(UserError, match=words):
        make_cvae().labels_of(factors)


def test_labels_of_another_width_and_no_labels_are_refused():
    images, labels = tf.constant(IMAGES / 255, tf.float32), tf.zeros([32, 6])
    with pytest.raises(UserError, match=r"shape \[32, 6\]: expected \[batch, 5\]"):
        make_cvae().with_labels(Inputs(images, labels=labels))
    with pytest.raises(UserError, match="conditions on shape, colour: expected factors"):
        make_cvae().with_labels(Inputs(images))


def test_fit_refuses_bad_labels():
    with pytest.raises(UserError, match="expected factors"):
        make_cvae().fit(IMAGES, verbose=0)
    wrong = FACTORS.copy()
    wrong[5, 2] = 9
    with pytest.raises(UserError, match="Factor 2, shape, is 9 in row 5"):
        make_cvae().fit(IMAGES, wrong, verbose=0)


def test_a_factor_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UserError, match="no factor 'form'; its factors are: 0 shape, 1 scale"):
        cvae(labels=["form"], terms=[])(Sprites(), 0)


def test_a_saved_model_is_the_same_model(tmp_path):
    ratio = DensityRatio(adversary=discriminator(2), optimizer=keras.optimizers.Adam(0.01))
    model = make_cvae(ratio)
    model.update(data_of())
    model.save(tmp_path / "model.keras")
    loaded = load_keras(tmp_path / "model.keras")
    assert loaded.labels.names == LABELS.names
    assert loaded.labels.columns == LABELS.columns
    np.testing.assert_array_equal(loaded.labels.class_weights, LABELS.class_weights)
    one, other = TrainedModel(model), TrainedModel(loaded)
    labels = one.labels(FACTORS)
    np.testing.assert_array_equal(labels, one_hot(FACTORS))
    for a, b in zip(one.encode(IMAGES, labels), other.encode(IMAGES, labels), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.infer_labels(IMAGES), other.infer_labels(IMAGES))
    z = one.encode(IMAGES)[0]
    np.testing.assert_array_equal(one.decode(z, labels), other.decode(z, labels))


def test_a_loaded_compiled_model_trains_on_as_the_saved_one(tmp_path):
    model = make_cvae()
    model.update(data_of())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert numbers(model.update(data_of())) == numbers(loaded.update(data_of()))
    assert loaded.label_groups == model.label_groups


def test_trained_model_of_labels():
    trained = TrainedModel(make_cvae())
    assert trained.label_groups == (
        ("shape", ("square", "ellipse", "heart")),
        ("colour", ("colour 0", "colour 1")),
    )
    labels = trained.labels(FACTORS)
    assert trained.reconstruct(IMAGES, labels).shape == IMAGES.shape
    by_hand = trained.decode(trained.encode(IMAGES, labels)[0], labels)
    np.testing.assert_array_equal(trained.reconstruct(IMAGES, labels), by_hand)
    frames = trained.traverse(IMAGES[0], 1, [-2.0, 0.0, 2.0], labels[0])
    code = trained.encode(IMAGES[:1], labels[:1])[0]
    code[:, 1] = 2.0
    np.testing.assert_allclose(frames[2:], trained.decode(code, labels[:1]), rtol=1e-5)
    with pytest.raises(UserError, match="pass labels of shape, colour"):
        trained.decode(np.zeros((2, 3)))
    with pytest.raises(UserError, match=r"labels have the shape \[2, 4\]: expected \[batch, 5\]"):
        trained.decode(np.zeros((2, 3)), np.zeros((2, 4)))
    for call, told in (
        (lambda: trained.decode(np.zeros((5, 3)), labels[:3]), "3 labels beside 5 codes"),
        (lambda: trained.sample(5, labels[:1]), "1 labels beside 5 codes"),
        (lambda: trained.encode(IMAGES[:5], labels[:3]), "3 labels beside 5 images"),
        (lambda: trained.reconstruct(IMAGES[:5], labels[:3]), "3 labels beside 5 images"),
    ):
        with pytest.raises(UserError, match=f"There are {told}: expected one each"):
            call()


def test_a_model_without_labels_refuses_them(make_vae):
    trained = TrainedModel(make_vae())
    assert trained.label_groups == ()
    for call in (
        lambda: trained.encode(IMAGES, np.zeros((32, 5))),
        lambda: trained.labels(FACTORS),
        lambda: trained.infer_labels(IMAGES),
    ):
        with pytest.raises(UserError, match="Labels are for conditional models"):
            call()


@pytest.mark.slow
def test_saved_model_infers_labels_and_decodes_joined_codes(tmp_path):
    model = make_cvae()
    export_hub_module(model, tmp_path / "tfhub")
    signatures = tf.saved_model.load(str(tmp_path / "tfhub")).signatures
    x = tf.constant(IMAGES / 255, tf.float32)
    y = model.infer_labels(x)
    mean = signatures["gaussian_encoder"](images=x)["mean"]
    np.testing.assert_allclose(mean, encoded(model, x, y), rtol=1e-4, atol=1e-5)
    joined = tf.concat([mean, y], axis=-1)
    labelled = signatures["labelled_encoder"](images=x)
    np.testing.assert_allclose(labelled["mean"], joined, rtol=1e-4, atol=1e-5)
    assert np.isneginf(labelled["logvar"][:, 3:]).all()
    assert np.isfinite(labelled["logvar"][:, :3]).all()
    logits = signatures["decoder"](latent_vectors=joined)["images"]
    np.testing.assert_allclose(logits, model.decode(mean, y), rtol=1e-4, atol=1e-5)
    assert signatures["reconstructions"](images=x)["images"].shape == IMAGES.shape


def test_gin_chooses_labels_terms_and_tiler():
    bindings = ["cvae.labels = ['scale', 0]", "cvae.tiler = @learned_tiler"]
    with config.parsed(["cvae.gin"], bindings):
        model = cvae()(Sprites(), 0)
    assert model.labels.names == ("scale", "shape")
    assert model.encoder.inputs[0].shape == (None, 64, 64, 1 + 9)
    assert model.tiler.name == "learned_tiler"


def test_call_takes_the_dictionary_that_fit_takes():
    model, labels = make_cvae(), one_hot(FACTORS).astype(np.float32)
    expected = model(IMAGES / np.float32(255), labels)
    batch = {"images": IMAGES, "labels": labels}
    np.testing.assert_allclose(model.predict(batch, verbose=0), expected, rtol=1e-4, atol=1e-5)
    factors = {"images": IMAGES, "factors": FACTORS}
    np.testing.assert_allclose(model(factors), expected, rtol=1e-4, atol=1e-5)
    pixels = model.reconstruct(IMAGES, labels)
    np.testing.assert_allclose(model.reconstruct(batch), pixels, rtol=1e-4, atol=1e-5)


def test_networks_that_do_not_fit_the_labels_are_refused():
    encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1 + 5))
    decoder = small_decoder(num_latent=3, output_shape=(8, 8, 1))
    with pytest.raises(UserError, match=r"3 latents and a label of 5 numbers: .* for 8 numbers"):
        ConditionalVAE(encoder, decoder, base_terms(), LABELS, label_tiler(5, 8))
    encoder = small_encoder(num_latent=3, input_shape=(8, 8, 1))
    decoder = small_decoder(num_latent=3 + 5, output_shape=(8, 8, 1))
    with pytest.raises(UserError, match=r"\[8, 8, 1\], 5 of whose channels are the label's"):
        ConditionalVAE(encoder, decoder, base_terms(), LABELS, label_tiler(5, 8))
