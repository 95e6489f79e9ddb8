import json
import shutil

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfdis.cli.rank import main
from tfdis.data.dummy_data import DummyData
from tfdis.evaluation.udr import mean_and_kl, udr_sklearn
from tfdis.results import write_text

SMALL = ["--gin_bindings=udr_sklearn.num_data_points = 200"]
RANDOM = np.random.RandomState(0)
MIXING = RANDOM.randn(3, 64 * 64, 3).astype(np.float32) / 64
MATRICES = [MIXING[0], MIXING[0][:, [2, 0, 1]] * [1, -1, 1], MIXING[1] + MIXING[2]]


def posterior(matrix):
    def encode(images):
        mean = np.reshape(images, (len(images), -1)).astype(np.float32) @ matrix.astype(np.float32)
        return mean, 0.1 * mean - 1.0

    return encode


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    directories = []
    for number, matrix in enumerate(MATRICES):
        module = tf.Module()
        module.matrix = tf.Variable(matrix.astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec([None, 64, 64, 1], tf.float32, name="images")])
        def encoder(images, module=module):
            mean = tf.reshape(images, [-1, 64 * 64]) @ module.matrix
            return {"mean": mean, "logvar": 0.1 * mean - 1.0}

        directory = tmp_path_factory.mktemp(f"seed{number}")
        signatures = {"gaussian_encoder": encoder}
        tf.saved_model.save(module, str(directory / "tfhub"), signatures=signatures)
        write_text(directory / "results" / "gin" / "train.gin", "dataset.name = 'dummy_data'\n")
        write_text(directory / "results" / "json" / "train_results.json", '{"loss": 1.0}')
        directories.append(str(directory))
    return directories


@pytest.mark.parametrize("kind", ["lasso", "spearman"])
def test_ranks_directories_as_udr_ranks_their_encoders(models, tmp_path, capsys, kind):
    out = tmp_path / "ranking"
    arguments = [*models, f"--output_dir={out}", f"--gin_file=ranking/udr_{kind}.gin", *SMALL]
    assert main(arguments) == 0
    found = json.loads((out / "results" / "json" / "evaluation_results.json").read_text())
    expected = udr_sklearn(
        DummyData(),
        [mean_and_kl(posterior(matrix)) for matrix in MATRICES],
        np.random.RandomState(0),
        batch_size=100,
        num_data_points=200,
        correlation_matrix=kind,
    )
    np.testing.assert_allclose(found["model_scores"], expected["model_scores"], atol=1e-4)
    assert found["model_dirs"] == models
    aggregate = json.loads((out / "results" / "aggregate" / "evaluation.json").read_text())
    assert aggregate["train_results.loss"] == 1.0
    assert aggregate["evaluation_config.udr_sklearn.num_data_points"] == "200"
    printed = [line.split()[1] for line in capsys.readouterr().out.splitlines()[:3]]
    order = np.argsort(found["model_scores"])[::-1]
    assert set(printed) == set(models)
    assert found["model_scores"][models.index(printed[0])] == found["model_scores"][order[0]]
    assert gin.config_str() == ""


@pytest.mark.parametrize(
    "chosen",
    [
        "vae_distributions.posterior = @laplace_posterior()",
        "vae_distributions.prior = @vamp_prior()",
    ],
)
def test_models_that_are_not_gaussian_are_refused(models, chosen, tmp_path, capsys):
    shutil.copytree(models[1], tmp_path / "other")
    write_text(tmp_path / "other/results/gin/train.gin", f"dataset.name = 'dummy_data'\n{chosen}\n")
    out = tmp_path / "ranking"
    assert main([models[0], str(tmp_path / "other"), f"--output_dir={out}", *SMALL]) == 2
    said = capsys.readouterr().err
    assert "udr_sklearn needs a Gaussian posterior and a standard normal prior" in said
    assert chosen.rpartition(" ")[2] in said
    assert not out.exists()


def test_says_what_is_wrong_and_leaves_nothing(models, tmp_path, capsys):
    out = tmp_path / "ranking"
    assert main([models[0], f"--output_dir={out}", *SMALL]) == 2
    assert "two directories" in capsys.readouterr().err
    assert main([models[0], str(tmp_path), f"--output_dir={out}", *SMALL]) == 2
    assert "holds no model" in capsys.readouterr().err
    wrong = "--gin_bindings=udr_sklearn.num_data_points = 201"
    assert main([*models, f"--output_dir={out}", wrong]) == 2
    assert "multiple" in capsys.readouterr().err
    assert not out.exists()
