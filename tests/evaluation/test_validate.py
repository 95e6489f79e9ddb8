import gin
import numpy as np
import pytest
from saved_models import codes, write_trained

from tfdis import config
from tfdis.cli.validate import main
from tfdis.data.dummy_data import DummyData
from tfdis.data.labellers import sample_supervised_data
from tfdis.evaluation.validation_metrics import mig_validation
from tfdis.results import read_json

SETTINGS = ["validation.num_labelled_samples = 200", "validation.random_seed = 3"]


@pytest.fixture
def trained(tmp_path):
    return write_trained(tmp_path / "model")


def test_scores_are_of_the_labels_that_a_training_with_this_seed_has(trained, tmp_path, capsys):
    arguments = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'out'}"]
    bindings = [f"--gin_bindings={binding}" for binding in SETTINGS]
    assert main([*arguments, "--gin_file=validation/mig.gin", *bindings]) == 0
    assert "discrete_mig: " in capsys.readouterr().out
    found = read_json(tmp_path / "out/results/json/validation_results.json")
    assert (tmp_path / "out/results/json/train_results.json").is_file()
    with config.parsed(["validation/mig.gin"], SETTINGS):
        labelled = sample_supervised_data(3, DummyData(), 200)
        expected = mig_validation(labelled.images, np.transpose(labelled.labels), codes)
        assert gin.query_parameter("discretizer.num_bins") == 20
    np.testing.assert_allclose(found["discrete_mig"], expected["discrete_mig"], rtol=1e-5)


def test_scores_that_are_texts_are_printed(trained, tmp_path, capsys):
    @config.configurable("validation_with_a_text")
    def validation(observations, labels, representation_function):
        return {"share": 1 / 3, "estimator": "neighbours"}

    arguments = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'out'}"]
    bindings = [*SETTINGS, "validation.validation_fn = @validation_with_a_text"]
    arguments += ["--gin_file=validation/mig.gin", *(f"--gin_bindings={each}" for each in bindings)]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("share: 0.333333\nestimator: neighbours\nWritten")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a gin file"),
        (
            [
                "--gin_bindings=validation.random_seed = 0",
                "--gin_bindings=validation.validation_fn = @mig_validation",
                "--gin_bindings=validation.num_labelled_samples = 10",
            ],
            "bind dataset.name",
        ),
    ],
)
def test_what_is_missing_is_told(trained, tmp_path, arguments, told, capsys):
    common = [f"--model_dir={trained}", f"--output_dir={tmp_path / 'out'}"]
    assert main([*common, *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
