"""Holds the studies to disentanglement_lib's own sweep modules and gin files."""

from pathlib import Path

import gin
import pytest

from tfdis.config import parsed
from tfdis.evaluation.compat import DisentanglementLib, disentanglement_lib
from tfdis.study import hyperparameters
from tfdis.study.abstract_reasoning_study_v1 import abstract_reasoning_study_v1
from tfdis.study.fairness_study_v1 import fairness_study_v1
from tfdis.study.study import read_study
from tfdis.study.unsupervised_study_v1 import unsupervised_study_v1

FOLDERS = {
    "unsupervised_study_v1": "unsupervised_study_v1",
    "fairness_study_v1": "fairness_study_v1",
    "abstract_reasoning_study_v1": "abstract_reasoning_study_v1/stage1",
}


def theirs(dlib: DisentanglementLib, study: str) -> list[list[str]]:
    sweep = dlib.module(f"config.{FOLDERS[study].replace('/', '.')}.sweep")
    to_bindings = dlib.module("utils.hyperparams").to_bindings
    return [to_bindings(setting) for setting in sweep.get_config()]


def ours(settings: hyperparameters.Settings) -> list[list[str]]:
    return [hyperparameters.to_bindings(setting) for setting in settings]


def test_the_bindings_of_all_12600_models_are_disentanglement_libs():
    expected = theirs(disentanglement_lib(), "unsupervised_study_v1")
    assert len(expected) == 12600
    assert ours(unsupervised_study_v1()) == expected


def test_those_of_the_fairness_study_too(dlib15_path):
    expected = theirs(disentanglement_lib(dlib15_path), "fairness_study_v1")
    assert len(expected) == 12600
    assert ours(fairness_study_v1()) == expected


def test_those_of_the_abstract_reasoning_study_too(dlib15_path):
    expected = theirs(disentanglement_lib(dlib15_path), "abstract_reasoning_study_v1")
    assert len(expected) == 360
    assert ours(abstract_reasoning_study_v1()) == expected


@pytest.mark.parametrize("name", FOLDERS)
def test_numbered_models_count_steps_as_disentanglement_lib_does(name):
    study = read_study([f"studies/{name}.gin"])
    with parsed([str(path) for path in study.model_configs], study.model_bindings(7)):
        assert gin.query_parameter("model.count_discriminator_updates") is True
        assert gin.query_parameter("model.training_steps") == 300000


def parsed_content(path: Path) -> dict:
    with parsed([str(path)]):
        return {
            key: {name: repr(value) for name, value in values.items()}
            for key, values in gin.config._CONFIG.items()
        }


@pytest.mark.parametrize("name", FOLDERS)
def test_gin_files_say_what_disentanglement_libs_say(name, dlib15_path):
    theirs = dlib15_path / "disentanglement_lib" / "config" / FOLDERS[name]
    study = read_study([f"studies/{name}.gin"])
    assert study.name == name
    for folder, files in (
        ("model_configs", study.model_configs[:1]),
        ("postprocess_configs", study.postprocess_configs),
        ("metric_configs", study.metric_configs),
    ):
        expected = sorted((theirs / folder).glob("*.gin"))
        assert [path.name for path in files] == [path.name for path in expected]
        for path, other in zip(files, expected):
            content = parsed_content(path)
            assert content, path
            assert content == parsed_content(other), path


@pytest.mark.parametrize(
    ("name", "num_models", "setting"),
    [
        ("correlated_factors_study_v1", 55 * 36 * 10, "correlated_factors.published"),
        ("generalization_study_v1", 21 * 36 * 5, "held_out.published"),
    ],
)
def test_studies_of_shifts_are_numbered_and_read(name, num_models, setting):
    study = read_study([f"studies/{name}.gin"])
    assert len(study.settings) == num_models
    assert setting in study.settings[0]
    assert len({tuple(map(str, each.items())) for each in study.settings}) == num_models
    assert [path.stem for path in study.metric_configs] == ["dci", "mig", "out_of_support"]
    with parsed([str(path) for path in study.model_configs], study.model_bindings(7)):
        assert gin.query_parameter(setting) == study.settings[7][setting]
