import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import config
from tfdis.architectures.decoders import test_decoder as small_decoder
from tfdis.architectures.encoders import test_encoder as small_encoder
from tfdis.batch import Inputs
from tfdis.data.labelled import LabelledData
from tfdis.data.xysquares import XYSquares
from tfdis.errors import UserError
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.density_ratio import DensityRatio
from tfdis.losses.kl import KL
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models import group_vae
from tfdis.models.group_vae import GroupVAE


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(size=(12, 8, 8, 1)).astype(np.float32)


def _model(average="moments", shared_by="threshold", *terms):
    keras.utils.set_random_seed(1)
    encoder = small_encoder(num_latent=4, input_shape=(8, 8, 1))
    decoder = small_decoder(num_latent=4, output_shape=(8, 8, 1))
    terms = [BernoulliLoss(), KL(2.0), *terms]
    model = GroupVAE(encoder, decoder, terms, average, shared_by, num_images=100)
    model.compile("adam")
    return model


def _by_disentanglement_lib(mean, log_variance, average, shared):
    """What weak_vae.py does with one pair after another, in numpy: [groups, 2, num_latents]."""
    means, variances = mean.copy(), np.exp(log_variance)
    for pair in range(len(mean)):
        (m1, m2), (v1, v2) = mean[pair], np.exp(log_variance[pair])
        if average == "moments":
            new_mean, new_variance = 0.5 * m1 + 0.5 * m2, 0.5 * v1 + 0.5 * v2
        else:
            new_variance = 2 * v1 * v2 / (v1 + v2)
            new_mean = (m1 / v1 + m2 / v2) * new_variance * 0.5
        if shared is None:
            kl = v1 / v2 + (m2 - m1) ** 2 / v2 - 1 + np.log(v2) - np.log(v1)
            own = np.floor(2 * (kl - kl.min()) / (kl.max() - kl.min())) >= 1
        else:
            own = np.concatenate([~shared[pair], np.zeros(4 - shared.shape[1], bool)])
        for image in (0, 1):
            means[pair, image] = np.where(own, mean[pair, image], new_mean)
            variances[pair, image] = np.where(own, (v1, v2)[image], new_variance)
    return means, variances


@pytest.mark.parametrize("average", ["moments", "precisions"])
@pytest.mark.parametrize("shared_by", ["labels", "threshold"])
def test_codes_and_kl_are_of_the_shared_posteriors(average, shared_by, images):
    model = _model(average, shared_by)
    changed = np.random.default_rng(1).integers(3, size=6)
    shared = np.arange(3) != changed[:, None]
    inputs = Inputs(tf.constant(images), shared=tf.constant(shared.repeat(2, 0)), group_size=2)
    outputs = model.forward(inputs, tf.constant(0), tf.constant([0, 0]), training=True)
    mean, log_variance = (
        np.asarray(part).reshape(6, 2, 4) for part in model.encoder(images, training=True)
    )
    means, variances = _by_disentanglement_lib(
        mean, log_variance, average, shared if shared_by == "labels" else None
    )
    np.testing.assert_allclose(outputs.posterior.mean(), means.reshape(12, 4), atol=1e-6)
    np.testing.assert_allclose(outputs.posterior.variance(), variances.reshape(12, 4), rtol=1e-5)
    # disentanglement_lib: half the mean KL of the first images and half that of the second ones.
    kls = 0.5 * np.sum(means**2 + variances - np.log(variances) - 1, axis=-1)
    _, values = model.losses_of(outputs)
    expected = 0.5 * kls[:, 0].mean() + 0.5 * kls[:, 1].mean()
    np.testing.assert_allclose(values["kl_loss"], expected, rtol=1e-5)
    # An encoding of images alone is each one's own posterior.
    np.testing.assert_allclose(model.encode(Inputs(images)), mean.reshape(12, 4), atol=1e-6)


def test_any_other_term_stands_beside_and_all_is_saved(images, tmp_path):
    model = _model("precisions", "threshold", TotalCorrelation(3.0))
    history = model.fit(images, batch_size=4, epochs=2, verbose=0).history
    assert len(history["total_correlation"]) == 2
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert (loaded.average, loaded.shared_by) == ("precisions", "threshold")
    np.testing.assert_array_equal(loaded.encode(Inputs(images)), model.encode(Inputs(images)))


@pytest.mark.parametrize("shared_by", ["labels", "threshold"])
def test_a_data_set_is_fitted_in_pairs(shared_by):
    factors = np.random.default_rng(0).integers(0, 3, (40, 3))
    data = LabelledData(np.random.default_rng(1).random((40, 8, 8, 1)), factors)
    model = _model("moments", shared_by)
    model.fit(data, batch_size=8, steps_per_epoch=2, verbose=0)
    assert model.steps == 2


@pytest.mark.parametrize(
    ("shared_by", "fields", "told"),
    [
        ("threshold", {}, "model.draw = @pairs"),
        ("threshold", {"group_size": 3}, "a group has 3 images"),
        ("labels", {"group_size": 2}, "this batch does not say"),
        ("labels", {"group_size": 2, "shared": tf.zeros([12, 5], tf.bool)}, "5 factors need"),
    ],
)
def test_batches_that_do_not_serve_are_told(shared_by, fields, told, images):
    model = _model("moments", shared_by)
    inputs = Inputs(tf.constant(images), **fields)
    with pytest.raises(UserError, match=told):
        model.forward(inputs, tf.constant(0), tf.constant([0, 0]), training=True)


NETWORKS = [
    "encoder.num_latent = 6",
    "encoder.encoder_fn = @test_encoder",
    "decoder.decoder_fn = @test_decoder",
    "reconstruction_loss.loss_fn = @bernoulli_loss",
    "group_vae.beta = 3.0",
    "mlvae.beta = 3.0",
]


@pytest.mark.parametrize("posterior", ["@laplace_posterior()", "@deterministic_posterior()"])
def test_posteriors_that_are_not_gaussian_are_refused(posterior):
    with (
        config.parsed([], [*NETWORKS, f"vae_distributions.posterior = {posterior}"]),
        pytest.raises(UserError, match=r"averages Gaussian posteriors: leave .* at @gaussian"),
    ):
        group_vae.group_vae_argmax()(XYSquares(), 0)


@pytest.mark.parametrize(
    ("name", "average", "shared_by"),
    [
        ("group_vae_labels", "moments", "labels"),
        ("group_vae_argmax", "moments", "threshold"),
        ("mlvae_labels", "precisions", "labels"),
        ("mlvae_argmax", "precisions", "threshold"),
    ],
)
def test_disentanglement_libs_names(name, average, shared_by):
    with config.parsed([], NETWORKS):
        model = getattr(group_vae, name)()(XYSquares(), 0)
    assert (model.average, model.shared_by) == (average, shared_by)
    assert [term.weight for term in model.terms] == [1.0, 3.0]


@pytest.fixture
def drawn_rows(monkeypatch):
    """The rows of every batch that is trained on, of images whose pixels are the row / 100."""
    rows, update = [], GroupVAE.update

    def recording(self, inputs):
        rows.append(np.rint(100 * inputs.images[:, 0, 0, 0].numpy()).astype(int).tolist())
        return update(self, inputs)

    monkeypatch.setattr(GroupVAE, "update", recording)
    return rows


def _eager_model(*terms):
    model = _model("moments", "threshold", *terms)
    model.compile("adam", run_eagerly=True)
    return model


def _numbered(count):
    return np.tile(np.arange(count, dtype=np.float32)[:, None, None, None] / 100, (1, 8, 8, 1))


@pytest.mark.parametrize("named", [False, True])
def test_fit_shuffles_arrays_by_whole_pairs(named, drawn_rows):
    images = {"images": _numbered(20)} if named else _numbered(20)
    _eager_model().fit(images, batch_size=8, epochs=2, verbose=0)
    assert [len(rows) for rows in drawn_rows] == [8, 8, 4] * 2
    epochs = [[*itertools.chain(*drawn_rows[first : first + 3])] for first in (0, 3)]
    for rows in epochs:
        assert sorted(rows) == list(range(20))
        assert all(one % 2 == 0 for one in rows[::2])
        assert rows[1::2] == [one + 1 for one in rows[::2]]
    assert epochs[0] != epochs[1]
    assert epochs[0] != list(range(20))


def test_fit_without_shuffling_goes_in_order_and_splits_off_whole_pairs(drawn_rows):
    model = _eager_model()
    history = model.fit(
        _numbered(20),
        np.zeros((20, 3), int),
        batch_size=8,
        shuffle=False,
        validation_split=0.25,
        verbose=0,
    ).history
    assert [*itertools.chain(*drawn_rows)] == list(range(14))
    assert np.isfinite(history["val_loss"]).all()


def test_pairs_are_split_off_for_a_second_batch_too(drawn_rows):
    ratio = DensityRatio(
        adversary=_discriminator(), optimizer=keras.optimizers.SGD(), second_batch=True
    )
    _eager_model(ratio).fit(_numbered(12), batch_size=8, validation_split=0.1, verbose=0)
    assert [len(rows) for rows in drawn_rows] == [8]


def _discriminator():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])


@pytest.mark.parametrize(
    ("count", "options", "told"),
    [
        (12, {"batch_size": 5}, r"fit.batch_size is 5: expected a multiple of 2, as images come"),
        (13, {}, "The number of images in fit.x is 13: expected a multiple of 2"),
        (12, {"validation_data": _numbered(5)}, "images in fit.validation_data is 5: expected"),
        (
            12,
            {"validation_data": _numbered(4), "validation_batch_size": 3},
            "fit.validation_batch_size is 3",
        ),
        (2, {"validation_split": 0.5}, "leaves none of 2 images to train on"),
    ],
)
def test_arrays_that_part_a_pair_are_refused(count, options, told):
    with pytest.raises(UserError, match=told):
        _model().fit(_numbered(count), **options, verbose=0)


def test_evaluate_and_data_sets_that_part_a_pair_are_refused():
    with pytest.raises(UserError, match=r"evaluate.batch_size is 3: expected a multiple of 2"):
        _model().evaluate(_numbered(12), batch_size=3, verbose=0)
    data = LabelledData(_numbered(12), np.zeros((12, 2), int))
    with pytest.raises(UserError, match=r"fit.batch_size is 5: expected a multiple of 2"):
        _model().fit(data, batch_size=5, verbose=0)


def test_a_data_set_is_measured_in_pairs():
    factors = np.random.default_rng(0).integers(0, 3, (40, 3))
    data = LabelledData(np.random.default_rng(1).random((40, 8, 8, 1)), factors)
    model = _model("moments", "labels")
    assert np.isfinite(model.evaluate(data, batch_size=8, steps=2, verbose=0)).all()
