import json
import shutil

import gin
import numpy as np
import pytest
import tensorflow as tf
from ready_files import NO_MODEL, READY

from tfdis import config
from tfdis.errors import UserError
from tfdis.models.trained import load
from tfdis.study.hyperparameters import to_bindings
from tfdis.study.unsupervised_study_v1 import unsupervised_study_v1
from tfdis.training.train import train_with_gin


def weights(model_dir):
    return [variable.numpy() for variable in load(model_dir).model.trainable_variables]


def assert_equal(weights_a, weights_b):
    for a, b in zip(weights_a, weights_b, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny):
    path = tmp_path_factory.mktemp("trained") / "model"
    train_with_gin(path, gin_bindings=tiny())
    return path


def test_leaves_disentanglement_libs_results(trained):
    results = json.loads((trained / "results/json/train_results.json").read_text())
    names = {"loss", "reconstruction_loss", "kl_loss", "elbo", "regularizer", "global_step"}
    assert names | {"elapsed_time", "uuid", "density_ratio", "mmd"} == set(results)
    assert results["global_step"] == 20
    np.testing.assert_allclose(
        results["elbo"], -results["reconstruction_loss"] - results["kl_loss"], rtol=1e-6
    )
    expected = results["kl_loss"] + 2 * results["density_ratio"] + 5 * results["mmd"]
    np.testing.assert_allclose(results["regularizer"], expected, rtol=1e-3)
    aggregate = json.loads((trained / "results/aggregate/train.json").read_text())
    assert aggregate["train_results.loss"] == results["loss"]
    assert aggregate["train_config.dataset.name"] == "'sprites'"


def test_the_operative_config_trains_the_same_model_again(trained, tmp_path):
    train_with_gin(tmp_path / "again", gin_config_files=[trained / "results/gin/train.gin"])
    assert_equal(weights(trained), weights(tmp_path / "again"))


def test_the_progress_file_has_a_line_for_every_interval(trained):
    lines = [json.loads(line) for line in (trained / "progress.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [5, 10, 15, 20]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[0]["learning_rate"] == pytest.approx(0.001)


def test_the_saved_model_has_disentanglement_libs_signatures(trained):
    module = tf.saved_model.load(str(trained / "tfhub"))
    assert set(module.signatures) == {"gaussian_encoder", "reconstructions", "decoder"}
    model = load(trained)
    images = np.random.RandomState(0).uniform(size=(5, 64, 64, 1)).astype(np.float32)
    outputs = module.signatures["gaussian_encoder"](images=tf.constant(images))
    mean, log_variance = model.encode(images)
    np.testing.assert_allclose(outputs["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(outputs["logvar"], log_variance, atol=1e-5)
    logits = module.signatures["decoder"](latent_vectors=tf.constant(mean))["images"]
    np.testing.assert_allclose(tf.sigmoid(logits), model.decode(mean), atol=1e-5)
    reconstructed = module.signatures["reconstructions"](images=tf.constant(images))["images"]
    assert reconstructed.shape == images.shape


def test_steps_are_updates_unless_disentanglement_libs_count_is_asked_for(tmp_path, tiny):
    bindings = tiny("model.count_discriminator_updates = True", "model.training_steps = 15")
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    results = json.loads((tmp_path / "model/results/json/train_results.json").read_text())
    assert results["global_step"] == 8


def test_how_many_steps_go_into_a_call_changes_nothing(trained, tmp_path, tiny):
    train_with_gin(tmp_path / "other", gin_bindings=tiny("model.log_every = 7"))
    assert_equal(weights(trained), weights(tmp_path / "other"))


@pytest.mark.slow
def test_another_seed_is_another_model(trained, tmp_path, tiny):
    train_with_gin(tmp_path / "other", gin_bindings=tiny("model.random_seed = 1"))
    assert not np.array_equal(weights(trained)[0], weights(tmp_path / "other")[0])


@pytest.mark.parametrize("gin_file", ["ada_gvae.gin", "factor_vae.gin", "s2_vae.gin"])
def test_a_ready_file_trains(gin_file, tmp_path):
    # All of them, through every stage: tests/data/test_every_stage.py.
    _train_ready(gin_file, tmp_path / "model", [])


@pytest.mark.slow
@pytest.mark.parametrize("gin_file", READY)
def test_xla_compiles_every_ready_file(gin_file, tmp_path):
    """As a GPU does by itself."""
    _train_ready(gin_file, tmp_path / "model", ["model.jit_compile = True"])


def _train_ready(gin_file, model_dir, bindings):
    bindings = [
        *bindings,
        'dataset.name = "sprites"',
        "model.training_steps = 2",
        "model.batch_size = 8",
        "model.eval_steps = 1",
        "model.callbacks = []",
        "conv_encoder.width = 0.1",
        "deconv_decoder.width = 0.1",
        "model.warm_start = None",
    ]
    if gin_file in NO_MODEL:
        bindings += ["model.model = @vae()", "vae.beta = 1.0"]
    train_with_gin(model_dir, gin_config_files=[gin_file], gin_bindings=bindings)
    assert (model_dir / "results/json/train_results.json").is_file()


@pytest.mark.parametrize(
    "path",
    [
        "config/tests/methods/unsupervised/train_test.gin",
        "config/unsupervised_study_v1/model_configs/shared.gin",
    ],
)
def test_disentanglement_libs_files_train_as_they_are(path, tmp_path, dlib12_path):
    bindings = [
        'dataset.name = "sprites"',
        "model.training_steps = 2",
        "model.batch_size = 4",
        "model.eval_steps = 1",
    ]
    file = dlib12_path / path
    train_with_gin(tmp_path / "model", gin_config_files=[file], gin_bindings=bindings)
    assert (tmp_path / "model/model.keras").is_file()


@pytest.mark.slow
def test_every_algorithm_of_disentanglement_libs_study_trains(tmp_path, dlib12_path):
    """One model of each of its algorithms, with its own bindings on top of its shared.gin."""
    shared = dlib12_path / "config/unsupervised_study_v1/model_configs/shared.gin"
    settings, seen = unsupervised_study_v1(), set()
    for number in range(0, 1800, 50):
        bindings = to_bindings(settings[number])
        name = next(each for each in bindings if each.startswith("model.name"))
        if name in seen:
            continue
        seen.add(name)
        bindings += ['dataset.name = "sprites"', "model.training_steps = 1", "model.eval_steps = 1"]
        bindings += ["model.batch_size = 4"]
        train_with_gin(tmp_path / str(number), False, [shared], bindings)
    assert len(seen) == 6


def test_the_plateau_reduces_the_learning_rate_in_training(tmp_path, tiny):
    bindings = tiny(
        "model.plateau = @reduce_on_plateau()",
        "model.steps_per_epoch = 5",
        "reduce_on_plateau.factor = 0.5",
        "reduce_on_plateau.patience = 0",
        "reduce_on_plateau.threshold = 10.0",
    )
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    lines = (tmp_path / "model/progress.jsonl").read_text().splitlines()
    rates = [json.loads(line)["learning_rate"] for line in lines]
    np.testing.assert_allclose(rates, [0.001, 0.001, 0.0005, 0.00025], rtol=1e-5)


@pytest.mark.parametrize(
    "policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_mixed_precision_trains_near_to_float32(trained, tmp_path, tiny, policy):
    mixed_dir = tmp_path / "mixed"
    train_with_gin(mixed_dir, gin_bindings=tiny(f'model.mixed_precision = "{policy}"'))
    last = load(mixed_dir).model.encoder.layers[-1]
    assert last.compute_dtype == policy.removeprefix("mixed_")
    full, mixed = (
        json.loads((path / "results/json/train_results.json").read_text())
        for path in (trained, mixed_dir)
    )
    np.testing.assert_allclose(mixed["loss"], full["loss"], rtol=0.05)


@pytest.mark.slow
def test_xla_gives_the_same_model(trained, tmp_path, tiny):
    train_with_gin(tmp_path / "xla", gin_bindings=tiny("model.jit_compile = True"))
    for a, b in zip(weights(trained), weights(tmp_path / "xla"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize("part", ["all", "encoder", "decoder"])
def test_warm_start_takes_the_parts_asked_for(trained, tmp_path, tiny, part):
    bindings = tiny(
        "model.warm_start = @warm_start()",
        f'warm_start.model_dir = "{trained}"',
        f'warm_start.part = "{part}"',
        "AdamOptimizer.learning_rate = 0.0",
        "model.random_seed = 5",
        "model.training_steps = 1",
    )
    train_with_gin(tmp_path / "warm", gin_bindings=bindings)
    source, warm = load(trained).model, load(tmp_path / "warm").model
    for name in ("encoder", "decoder"):
        equal = np.array_equal(
            getattr(source, name).trainable_variables[0], getattr(warm, name).trainable_variables[0]
        )
        assert equal == (part in ("all", name))


@pytest.mark.slow
def test_warm_start_with_optimizer_and_step_goes_on_as_if_never_stopped(trained, tmp_path, tiny):
    train_with_gin(tmp_path / "half", gin_bindings=tiny("model.training_steps = 10"))
    bindings = tiny(
        "model.warm_start = @warm_start()",
        f'warm_start.model_dir = "{tmp_path / "half"}"',
        "warm_start.optimizer = True",
        "warm_start.step = True",
    )
    train_with_gin(tmp_path / "warm", gin_bindings=bindings)
    assert_equal(weights(trained), weights(tmp_path / "warm"))


def test_a_warm_start_within_an_epoch_has_the_means_of_its_own_updates(trained, tmp_path, tiny):
    """At a rate of 0 the losses of all intervals differ by batches and noise alone."""
    bindings = tiny(
        "model.warm_start = @warm_start()",
        f'warm_start.model_dir = "{trained}"',
        "warm_start.optimizer = True",
        "warm_start.step = True",
        "AdamOptimizer.learning_rate = 0.0",
        "model.steps_per_epoch = 16",
        "model.log_every = 5",
        "model.training_steps = 30",
    )
    train_with_gin(tmp_path / "warm", gin_bindings=bindings)
    lines = [json.loads(line) for line in (tmp_path / "warm/progress.jsonl").open()]
    losses = {line["step"]: line["loss"] for line in lines}
    assert list(losses) == [25, 30]
    assert losses[25] == pytest.approx(losses[30], rel=0.2)
    # The bound rate holds, not that of the other run.
    assert_equal(weights(trained), weights(tmp_path / "warm"))


@pytest.mark.slow
def test_the_saved_weights_are_the_averages_that_were_asked_for(tmp_path, tiny):
    adam = tiny("vae_optimizer.optimizer_fn = @Adam", "Adam.learning_rate = 0.01")
    for name, bindings in {
        "first": ["model.training_steps = 1"],
        "second": ["model.training_steps = 2"],
        "mean": ["model.training_steps = 2", "Adam.use_ema = True", "Adam.ema_momentum = 0.5"],
    }.items():
        train_with_gin(tmp_path / name, gin_bindings=[*adam, *bindings])
    first, second, mean = (
        load(tmp_path / name).model.own_variables for name in ("first", "second", "mean")
    )
    for a, b, found in zip(first, second, mean, strict=True):
        np.testing.assert_allclose(found, (a.numpy() + b.numpy()) / 2, rtol=1e-5, atol=1e-7)
        assert not np.array_equal(a, b)


def test_a_time_budget_ends_the_training_and_saves_the_model(tmp_path, tiny):
    bindings = tiny("model.training_steps = 1000000", "model.time_budget_hours = 0.0003")
    train_with_gin(tmp_path / "model", gin_bindings=bindings)
    results = json.loads((tmp_path / "model/results/json/train_results.json").read_text())
    assert 0 < results["global_step"] < 1000000


def test_importing_disentanglement_lib_makes_no_name_ambiguous(dlib15_path):
    from tfdis.evaluation.compat import disentanglement_lib

    config.register_all()
    for package in (None, dlib15_path):
        dlib = disentanglement_lib(package) if package else disentanglement_lib()
        dlib.module("evaluation.metrics.mig")
        dlib.module("data.ground_truth.named_data")
    for name in ("mig", "dataset", "discretizer", "encoder", "vae", "reconstruction_loss"):
        assert gin.config._REGISTRY.get_match(name) is not None


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ("vea.beta = 2.0", "No configurable matching 'vea'"),
        ("loss_terms.trems = []", "doesn't have a parameter named 'trems'"),
        ('dataset.name = "sprite"', "There is no data set 'sprite'; there are: "),
        ("model.batch_size = 1000000", "has 737280 images"),
        ("model.model = 3", "model.model is 3"),
        ('model.mixed_precision = "float8"', "mixed_float16"),
        ("model.training_steps = %nothing", "nothing"),
        ("encoder.num_latent = ", "encoder.num_latent"),
    ],
)
def test_bad_bindings_get_one_sentence(tmp_path, tiny, binding, message):
    with pytest.raises(UserError, match=message) as caught:
        train_with_gin(tmp_path / "model", gin_bindings=tiny(binding))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model").exists()


def test_a_missing_required_binding_is_named(tmp_path, tiny):
    bindings = [each for each in tiny() if not each.startswith("model.batch_size")]
    with pytest.raises(UserError, match=r"model.*batch_size"):
        train_with_gin(tmp_path / "model", gin_bindings=bindings)
    assert not (tmp_path / "model").exists()


def test_an_existing_directory_is_kept_unless_told_otherwise(trained, tmp_path, tiny):
    trained = shutil.copytree(trained, tmp_path / "model")
    (trained / "mine.txt").write_text("keep")
    with pytest.raises(UserError, match=r"already exists.*--overwrite.*--resume"):
        train_with_gin(trained, gin_bindings=tiny())
    with pytest.raises(UserError, match="There is no data set"):
        train_with_gin(trained, overwrite=True, gin_bindings=tiny('dataset.name = "none"'))
    assert (trained / "mine.txt").exists()
    train_with_gin(trained, overwrite=True, gin_bindings=tiny())
    assert (trained / "mine.txt").read_text() == "keep"
