import json
import subprocess
import sys
from pathlib import Path

import gin
import numpy as np
import pytest
from saved_models import codes, write_tf_hub, write_trained
from tables import IndexImages, lookup, tables

from tfdis import config, results
from tfdis.cli.evaluate import main
from tfdis.errors import UserError
from tfdis.evaluation.callback import EvaluationCallback
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.evaluation.evaluate import evaluate_with_gin
from tfdis.evaluation.model_directory import ModelDirectory
from tfdis.evaluation.scoring import evaluate
from tfdis.evaluation.settings import gin_apart
from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.training.train import train_with_gin

SHARED = Path(__file__).parents[3] / "shared" / "dlib_model"
SMALL = [
    "mig.num_train = 100",
    "irs.num_train = 100",
    "sap_score.num_train = 100",
    "sap_score.num_test = 50",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return write_trained(tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    return write_tf_hub(tmp_path_factory.mktemp("hub"))


def _expected_mig(dlib, num_train):
    """By disentanglement_lib's own function and dummy data."""
    data = dlib.module("data.ground_truth.dummy_data").DummyData()
    compute = dlib.module("evaluation.metrics.mig").compute_mig
    bindings = "discretizer.discretizer_fn = @histogram_discretizer", "discretizer.num_bins = 20"
    with dlib.configured(*bindings):
        return compute(data, codes, np.random.RandomState(0), num_train=num_train)["discrete_mig"]


def test_trained_postprocessed_and_hub_module_score_alike(trained, hub, tmp_path):
    postprocess_with_gin(trained, tmp_path / "mean", gin_config_files=["postprocess/mean.gin"])
    expected = _expected_mig(disentanglement_lib(), 100)
    for i, path in enumerate((trained, tmp_path / "mean", hub, hub / "tfhub")):
        out = tmp_path / str(i)
        evaluate_with_gin(path, out, False, ["metrics/mig.gin"], SMALL)
        found = json.loads((out / "results" / "json" / "evaluation_results.json").read_text())
        assert found["discrete_mig"] == pytest.approx(expected, abs=1e-6)
        assert found["elapsed_time"] > 0
        assert found["uuid"]
        config_text = (out / "results" / "gin" / "evaluation.gin").read_text()
        assert "dataset.name = 'dummy_data'" in config_text
    assert gin.config_str() == ""


def test_one_directory_per_metric_with_what_came_before(trained, tmp_path, capsys):
    arguments = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'scores'}"]
    bindings = [f"--gin_bindings={binding}" for binding in SMALL]
    assert main([*arguments, "--metrics=mig,irs, sap_score", *bindings]) == 0
    output = capsys.readouterr()
    assert "irs.num_varying_latents: 3" in output.out
    assert "2/3  irs" in output.err
    for name in ("mig", "irs", "sap_score"):
        directory = tmp_path / "scores" / name / "results"
        aggregate = json.loads((directory / "aggregate" / "evaluation.json").read_text())
        assert aggregate["train_results.loss"] == 1.0
        assert aggregate["evaluation_config.evaluation.name"] == f"'{name}'"
        assert aggregate["evaluation_config.dataset.name"] == "'dummy_data'"
        assert aggregate[f"evaluation_config.{name}.num_train"] == "100"
    artifact = tmp_path / "scores" / "mig" / "artifacts" / "mig" / "mutual_information.json"
    content = results.read_json(artifact)
    assert np.shape(content["matrix"]) == (3, 10)
    assert len(content["factor_names"]) == 10
    assert artifact.with_suffix(".png").is_file()
    assert main([*arguments, "--metrics=mig", *bindings]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main([*arguments, "--metrics=mig", "--overwrite", *bindings]) == 0


def test_scores_that_are_texts_are_printed(trained, tmp_path, capsys):
    arguments = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'scores'}", "--metrics=mig"]
    bindings = [*SMALL, "mig.estimator = 'neighbours'"]
    assert main([*arguments, *(f"--gin_bindings={binding}" for binding in bindings)]) == 0
    printed = capsys.readouterr().out.splitlines()
    found = results.read_json(tmp_path / "scores/mig/results/json/evaluation_results.json")
    assert found["mutual_information_estimator"] == "neighbours"
    assert "mig.mutual_information_estimator: neighbours" in printed
    assert f"mig.discrete_mig: {found['discrete_mig']:.6g}" in printed


@pytest.mark.parametrize("which", ["evaluate_test_configs", "unsupervised", "fairness"])
def test_their_own_configs_are_read(which, dlib15_path):
    """Those of the studies are read, those of their tests are run (see below)."""
    folder = dlib15_path / "disentanglement_lib" / "config"
    found = [path for path in sorted(folder.rglob("*.gin")) if which in str(path)]
    found = [path for path in found if "evaluation.evaluation_fn" in path.read_text()]
    assert len(found) >= 9
    for path in found:
        with config.parsed([str(path)]):
            reference = gin.query_parameter("evaluation.evaluation_fn")
            assert gin.get_configurable(reference.selector) is not None


@pytest.mark.parametrize(
    "name", ["mig", "irs", "factor_vae", "beta_vae", "sap_score", "dci", "unsupervised"]
)
def test_their_own_test_configs_run(name, trained, tmp_path, dlib15_path):
    folder = dlib15_path / "disentanglement_lib" / "config" / "tests" / "evaluation"
    path = folder / "evaluate_test_configs" / f"{name}.gin"
    evaluate_with_gin(trained, tmp_path / "out", gin_config_files=[str(path)])
    found = results.read_json(tmp_path / "out/results/json/evaluation_results.json")
    assert len(found) > 2


def test_sampled_module_of_theirs_is_not_frozen(tmp_path):
    """A module that draws its codes is found out, and its codes are not kept."""
    hub = write_tf_hub(tmp_path / "hub", dataset="sprites", sampled=True)
    opened = ModelDirectory(hub)
    with config.parsed([], ['dataset.name = "auto"']):
        source = opened.source()
        same = np.zeros([2, 5], int)
        first, second = source.codes_of([same], None)[0]
    assert not np.allclose(first, second, atol=1e-2)


def test_our_sampled_representation_keeps_the_posterior(tmp_path):
    trained = write_trained(tmp_path / "trained", dataset="sprites")
    sampled = tmp_path / "sampled"
    postprocess_with_gin(trained, sampled, gin_config_files=["postprocess/sampled.gin"])
    opened = ModelDirectory(sampled)
    with config.parsed([], ['dataset.name = "auto"']):
        source = opened.source()
        draws = source.codes_of([np.zeros([1000, 5], int)], None)[0]
    assert source.num_encoded == 1
    mean = codes(source.data.images(np.array([0])) / 255.0)[0]
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.2)
    np.testing.assert_allclose(draws.std(axis=0), np.exp((0.1 * mean - 1.0) / 2), rtol=0.1)


def test_a_model_knows_what_its_training_drew(tmp_path):
    """`out_of_support` takes it from the model's results: nothing need be bound again."""
    model_dir = write_trained(tmp_path / "model", dataset="sprites")
    with (model_dir / "results" / "gin" / "train.gin").open("a") as file:
        file.write("held_out.kind = 'composition'\nheld_out.factors = ['x', 'y']\n")
    bindings = [
        "out_of_support.num_train = 300",
        "out_of_support.num_test = 100",
        "predictor.predictor_fn = @logistic_regression_cv",
        "regressor.regressor_fn = @ridge_regression_cv",
    ]
    evaluate_with_gin(model_dir, tmp_path / "out", False, ["metrics/out_of_support.gin"], bindings)
    found = results.read_json(tmp_path / "out/results/json/evaluation_results.json")
    assert found["inside:accuracy_factor_0"] >= 0
    assert np.isfinite(found["r2_gap"])
    opened = ModelDirectory(model_dir)
    with config.parsed([], ['dataset.name = "auto"']):
        weights = opened.source().training_weights()
    assert weights.mean(dtype=np.float64) == pytest.approx(1 - (18 / 32) ** 2)


def test_bad_input(trained, tmp_path, capsys):
    common = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'out'}"]
    cases = {
        "There is no metric 'mgi'": ["--metrics=mig,mgi"],
        "Name a metric": ["--metrics=,"],
        "Name metrics": [],
        "neither in": ["--gin_file=nowhere.gin"],
        "bind dataset.name": ["--gin_bindings=evaluation.evaluation_fn = @mig"],
        "A gin binding is missing": [
            "--gin_bindings=evaluation.evaluation_fn = @mig",
            "--gin_bindings=dataset.name = 'dummy_data'",
            "--gin_bindings=evaluation.random_seed = 0",
        ],
        "There is no data set 'none'": ["--metrics=mig", "--gin_bindings=dataset.name = 'none'"],
        "has a single value in 1 samples": ["--metrics=mig", "--gin_bindings=mig.num_train = 1"],
        "No configurable matching 'nothing'": ["--metrics=mig", "--gin_bindings=nothing.x = 1"],
    }
    for message, arguments in cases.items():
        assert main([*common, *arguments]) == 2, message
        error = capsys.readouterr().err
        assert message in error
        assert "Traceback" not in error
        assert not (tmp_path / "out" / "mig").exists()
    assert main([f"--model_dir={tmp_path}", common[1], "--metrics=mig"]) == 2
    assert "holds no model" in capsys.readouterr().err


def test_codes_that_are_not_finite():
    data, table = IndexImages([3, 4]), tables([3, 4])["random"].copy()
    table[3, 1] = np.nan
    with pytest.raises(UserError, match="not finite"):
        evaluate(lookup(table), data, ["mig"], verbose=False)
    with pytest.raises(UserError, match=r"12 images it gave an array of shape \[12\]"):
        evaluate(lambda images: np.zeros(len(images)), data, ["mig"], verbose=False)
    with pytest.raises(UserError, match="only one"):
        evaluate(lookup(tables([3, 4])["random"][:, :1]), data, ["mig"], verbose=False)


def test_gin_of_the_caller_is_as_it_was():
    config.register_all()
    gin.parse_config("mig.num_train = 7")
    gin.parse_config("encoder.num_latent = 3")
    before, operative = gin.config_str(), gin.operative_config_str()
    np.random.seed(5)
    expected = np.random.RandomState(5).uniform()
    with gin_apart():
        assert gin.config_str() == ""
        gin.parse_config("mig.num_train = 8")
    data, table = IndexImages([3, 4]), tables([3, 4])["random"]
    evaluate(lookup(table), data, ["mig"], SMALL, verbose=False)
    assert (gin.config_str(), gin.operative_config_str()) == (before, operative)
    assert np.random.uniform() == expected


def test_callback_scores_a_function():
    data, table = IndexImages([3, 4]), tables([3, 4])["perfect"]
    callback = EvaluationCallback(["mig", "irs"], every=10, settings=SMALL)
    found = callback.scores(lookup(table), data)
    assert found["mig.discrete_mig"] > 0.9
    assert found["irs.IRS"] > 0.9
    with pytest.raises(UserError, match="no metric 'x'"):
        EvaluationCallback(["x"], every=10)
    texts = EvaluationCallback(["mig"], settings=[*SMALL, "mig.estimator = 'neighbours'"])
    assert texts.scores(lookup(table), data).keys() == {"mig.discrete_mig"}  # no text


@pytest.mark.slow
def test_command_in_a_process_of_its_own(trained, tmp_path):
    command = [sys.executable, "-m", "tfdis.cli.evaluate", f"--model_dir={trained}"]
    done = subprocess.run(
        [
            *command,
            f"--output_dir={tmp_path / 'out'}",
            "--metrics=mig",
            "--gin_bindings=mig.num_train=50",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "discrete_mig" in done.stdout


@pytest.mark.skipif(not SHARED.is_dir(), reason="the model of disentanglement_lib is not here")
def test_reads_a_real_module_of_theirs():
    opened = ModelDirectory(SHARED)
    representation = opened.representation()
    images = np.zeros([2, 64, 64, 1], np.float32)
    assert representation(images).shape == (2, 10)
    assert opened.dataset_name() == "dsprites_full"


@pytest.mark.slow
def test_scores_during_the_training(tmp_path):
    bindings = [
        "model.model = @vae()",
        "model.training_steps = 4",
        "model.random_seed = 0",
        "model.batch_size = 4",
        "model.eval_steps = 1",
        "model.log_every = 2",
        "dataset.name = 'sprites'",
        "encoder.encoder_fn = @fc_encoder",
        "encoder.num_latent = 3",
        "decoder.decoder_fn = @fc_decoder",
        "reconstruction_loss.loss_fn = @bernoulli_loss",
        "vae_optimizer.optimizer_fn = @AdamOptimizer",
        "vae.beta = 1.0",
        "model.callbacks = [@scores()]",
        "scores.metrics = ['mig']",
        "scores.every = 2",
        "scores.settings = ['mig.num_train = 60']",
    ]
    model_dir = tmp_path / "model"
    train_with_gin(model_dir, gin_bindings=bindings)
    lines = [json.loads(line) for line in (model_dir / "progress.jsonl").read_text().splitlines()]
    scored = {
        line["step"]: line["mig.discrete_mig"] for line in lines if "mig.discrete_mig" in line
    }
    assert set(scored) == {2, 4}
    last = results.read_json(model_dir / "results" / "json" / "scores_results.json")
    assert last["mig.discrete_mig"] == scored[4]
    evaluate_with_gin(
        model_dir, tmp_path / "out", False, ["metrics/mig.gin"], ["mig.num_train = 60"]
    )
    found = results.read_json(tmp_path / "out/results/json/evaluation_results.json")
    assert found["discrete_mig"] == pytest.approx(scored[4], abs=1e-6)
    aggregate = results.read_json(tmp_path / "out/results/aggregate/evaluation.json")
    assert aggregate["scores_results.mig.discrete_mig"] == scored[4]
    train_config = (model_dir / "results" / "gin" / "train.gin").read_text()
    assert "mig.num_train" in train_config  # within scores.settings, and nowhere else
    assert "Parameters for mig" not in train_config
