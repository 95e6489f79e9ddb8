"""Holds the studies to disentanglement_lib's own sweep modules and gin files."""

import ast
import re
from pathlib import Path

import gin
import pytest

from tfdis.config import parsed
from tfdis.data.dsprites import DSprites
from tfdis.data.mpi3d import MPI3DReal
from tfdis.data.shapes3d import Shapes3D
from tfdis.data.shifts import CORRELATIONS
from tfdis.evaluation.compat import DisentanglementLib, disentanglement_lib
from tfdis.study import hyperparameters
from tfdis.study.abstract_reasoning_study_v1 import abstract_reasoning_study_v1
from tfdis.study.abstract_reasoning_study_v1_stage2 import options
from tfdis.study.fairness_study_v1 import fairness_study_v1
from tfdis.study.shift_studies import traeuble_study_v1
from tfdis.study.study import read_study
from tfdis.study.unsupervised_study_v1 import unsupervised_study_v1

# Factors in disentanglement_lib's order, with the colour that dSprites has one of.
NAMES = {
    "dsprites_full": ("color", *DSprites.factor_names),
    "shapes3d": Shapes3D.factor_names,
    "mpi3d_real": MPI3DReal.factor_names,
}
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
    ("name", "num_models", "num_repeated", "setting"),
    [
        ("correlated_factors_study_v1", 61 * 36 * 10, 0, "correlated_factors.published"),
        # Shapes3D without a correlation belongs to each of its three pairs.
        ("traeuble_study_v1", 5 * 4 * 36 * 5, 2 * 36 * 5, "correlated_factors.published"),
        ("generalization_study_v1", 21 * 36 * 5, 0, "held_out.published"),
    ],
)
def test_studies_of_shifts_are_numbered_and_read(name, num_models, num_repeated, setting):
    study = read_study([f"studies/{name}.gin"])
    assert len(study.settings) == num_models
    assert setting in study.settings[0]
    different = {tuple(map(str, each.items())) for each in study.settings}
    assert len(different) == num_models - num_repeated
    assert [path.stem for path in study.metric_configs] == ["dci", "mig", "out_of_support"]
    with parsed([str(path) for path in study.model_configs], study.model_bindings(7)):
        assert gin.query_parameter(setting) == study.settings[7][setting]


@pytest.mark.parametrize(
    ("data_set", "pair", "sigma", "algorithm", "seed", "expected"),
    [
        (0, (3, 4), 0.2, 0, 0, {"dataset.name": "dsprites_full", "vae.beta": 1.0}),
        (1, (3, 5), 0.7, 7, 4, {"dataset.name": "shapes3d", "factor_vae.gamma": 20.0}),
        (2, (5, 6), 0.4, 12, 1, {"dataset.name": "mpi3d_real", "dip_vae.dip_type": "i"}),
        (3, (2, 5), 0.2, 29, 2, {"dataset.name": "shapes3d", "beta_tc_vae.beta": 10.0}),
        (4, (2, 3), None, 35, 4, {"dataset.name": "shapes3d", "annealed_vae.c_max": 100.0}),
    ],
)
def test_traeubles_models_have_the_numbers_of_their_code(
    data_set, pair, sigma, algorithm, seed, expected
):
    """Its product: pair of factors, width of the line, algorithm and strength, seed."""
    width = (0.2, 0.4, 0.7, None).index(sigma)
    setting = traeuble_study_v1()[((data_set * 4 + width) * 36 + algorithm) * 5 + seed]
    assert expected.items() <= setting.items()
    assert setting["model.random_seed"] == seed
    published = setting.get("correlated_factors.published")
    if sigma is None:
        assert published is None
        return
    known = CORRELATIONS[published]
    names = NAMES[setting["dataset.name"]]
    assert known.pairs == ((names[pair[0]], names[pair[1]]),)
    assert known.sigma == sigma


def example_of_stage_2(dlib15_path) -> Path:
    study = dlib15_path / "disentanglement_lib" / "config" / "abstract_reasoning_study_v1"
    return study / "stage2" / "example.gin"


def options_in_comments(text: str) -> dict[str, list]:
    """The values of each parameter that the example's comments list."""
    comments = " ".join(line[1:] for line in text.splitlines() if line.startswith("#"))
    listed = re.findall(r"'([\w.]+)' *-> *(.*?)(?= *'[\w.]+' *->| *If )", comments)
    found = {}
    for name, values in listed:
        quoted = re.sub(r"@\w+", lambda match: repr(match[0]), re.sub(r"\bor\b", "", values))
        found[name] = list(ast.literal_eval(f"[{quoted}]"))
    return found


def test_the_options_of_stage_2_are_those_that_disentanglement_lib_lists(dlib15_path):
    listed = options_in_comments(example_of_stage_2(dlib15_path).read_text())
    settings = read_study(["studies/abstract_reasoning_study_v1_stage2.gin"]).settings
    embedding = "TwoStageModel.embedding_model_class"
    assert sorted(listed.pop(embedding)) == sorted({setting[embedding] for setting in settings})
    assert len(options()) == 3 * 4 * 4 * 6
    assert listed.keys() == options()[0].keys()
    for name, values in listed.items():
        ours = [setting[name] for setting in options()]
        assert sorted(map(repr, values)) == sorted(set(map(repr, ours)))
    assert len({str(setting) for setting in options()}) == len(options())


def test_stage_2_numbers_ten_configurations_of_each_representation_of_stage_1():
    study = read_study(["studies/abstract_reasoning_study_v1_stage2.gin"])
    assert len(study.settings) == 3600 + 2 * 3 * 10
    configurations = [study.settings[number] for number in range(10)]
    assert len({str(setting) for setting in configurations}) == 10
    own = options()[0].keys()
    for number, setting in enumerate(study.settings):
        expected = {name: configurations[number % 10][name] for name in own}
        assert {name: setting[name] for name in own} == expected
        assert expected in options()
        if number < 3600:
            trained = abstract_reasoning_study_v1()[number // 10] if number % 97 == 0 else setting
            assert setting["dataset.name"] == trained["dataset.name"]
            path = f"output/abstract_reasoning_study_v1/{number // 10}/postprocessed/mean"
            assert study.representation_dir(number) == path
        else:
            assert study.representation_dir(number) is None


def test_stage_2_binds_what_the_example_binds(dlib15_path):
    study = read_study(["studies/abstract_reasoning_study_v1_stage2.gin"])
    expected = parsed_content(example_of_stage_2(dlib15_path))
    with parsed([str(path) for path in study.model_configs], study.model_bindings(1234)):
        ours = {
            key: {name: repr(value) for name, value in values.items()}
            for key, values in gin.config._CONFIG.items()
        }
    chosen = {name.split(".")[0]: set() for name in options()[0]}
    for name in options()[0]:
        chosen[name.split(".")[0]].add(name.split(".")[1])
    for (scope, selector), values in expected.items():
        for name, value in values.items():
            if name not in chosen.get(selector.split(".")[-1], ()):
                assert ours[scope, selector][name] == value, (selector, name)
