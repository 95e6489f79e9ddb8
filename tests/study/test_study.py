from pathlib import Path

import pytest

from tfdis.errors import UserError
from tfdis.study.study import load_study, read_study, save_study

STUDY = """
sweep.settings = @product()
product.parts = [@models/chain(), @seeds/grid()]
models/chain.parts = [@a/zip(), @b/random(), @c/single()]
a/zip.parts = [@a/categorical(), @a/discrete()]
a/categorical.name = "model.name"
a/categorical.values = ["one", "two"]
a/discrete.name = "vae.beta"
a/discrete.values = [1.0, 2]
b/random.num_settings = 2
b/random.bindings = {"vae.beta": @beta/log_uniform, "model.batch_size": @uniform_integer}
beta/log_uniform.low = 1.0
beta/log_uniform.high = 1.0
uniform_integer.low = 16
uniform_integer.high = 16
c/single.name = "model.name"
c/single.value = "three"
seeds/grid.bindings = {"model.random_seed": [0, 1]}
model.training_steps = 5
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.gin").write_text(STUDY)
    Path("metrics").mkdir()
    for name in ("mig", "dci"):
        Path(f"metrics/{name}.gin").write_text(f"evaluation.evaluation_fn = @{name}\n")
    return "mine.gin"


def test_a_gin_file_says_every_kind_of_sweep(file):
    study = read_study([file], ["sweep.metric_configs = ['metrics']"])
    assert study.name == "mine"
    random = {"vae.beta": 1.0, "model.batch_size": 16}
    expected = [
        {"model.name": "one", "vae.beta": 1.0},
        {"model.name": "two", "vae.beta": 2},
        random,
        random,
        {"model.name": "three"},
    ]
    assert study.settings == [
        {**setting, "model.random_seed": seed} for setting in expected for seed in (0, 1)
    ]
    assert [path.name for path in study.model_configs] == ["mine.gin"]
    assert [path.name for path in study.metric_configs] == ["dci.gin", "mig.gin"]
    assert study.model_bindings(3)[-1] == "sweep.metric_configs = ['metrics']"


def test_the_small_study_is_24_different_models():
    study = read_study(["studies/small.gin"])
    assert len({repr(setting) for setting in study.settings}) == 24
    assert len({setting["model.name"] for setting in study.settings}) == 6
    assert {setting["model.random_seed"] for setting in study.settings} == {0, 1}


def test_the_study_of_latents_has_three_seeds_of_five_algorithms_on_two_data_sets():
    study = read_study(["studies/latents.gin"])
    names = ("dataset.name", "model.name", "model.random_seed")
    found = {tuple(setting[name] for name in names) for setting in study.settings}
    assert len(found) == len(study.settings) == 2 * 5 * 3
    assert {path.stem for path in study.metric_configs} == {
        "dci",
        "infomec",
        "infomec_discrete",
        "mig",
    }


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("sweep.settings = @nothing()", "nothing"),
        ("seeds/grid.bindings = {}", "mine.gin"),
        ("sweep.settings = []", "no model"),
        ("sweep.settings = 3", "sweep.settings is 3 .*: expected a list"),
        ("sweep.metric_configs = 'metrics'", "is 'metrics' .*: expected a list of strings"),
        ("sweep.metric_configs = ['metrics', 'metrics']", "different names"),
        ("sweep.metric_configs = ['nowhere.gin']", "nowhere.gin"),
        ("a/discrete.values = ['x', 2]", "'x'"),
        ("a/discrete.values = [1, 2, 3]", r"\[2, 3\]"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(file, line, message):
    if line == "seeds/grid.bindings = {}":
        Path(file).write_text(
            STUDY.replace('seeds/grid.bindings = {"model.random_seed": [0, 1]}', "")
        )
        line = "model.training_steps = 5"
    with pytest.raises(UserError, match=message):
        read_study([file], [line])


def test_a_saved_study_stands_alone_and_is_never_mixed_with_another(file, tmp_path):
    study = read_study([file], ["sweep.metric_configs = ['metrics']"])
    saved = save_study(study, tmp_path / "out")
    assert saved == load_study(tmp_path / "out") == save_study(study, tmp_path / "out")
    assert saved.settings == study.settings
    assert saved.model_bindings(1) == study.model_bindings(1)
    for path in (*saved.model_configs, *saved.metric_configs):
        assert path.is_relative_to(tmp_path / "out")

    Path(file).write_text(STUDY.replace("training_steps = 5", "training_steps = 6"))
    with pytest.raises(UserError, match=r"differs in .*mine\.gin"):
        save_study(study, tmp_path / "out")
    Path(file).write_text(STUDY)
    other = read_study([file], ["seeds/grid.bindings = {'model.random_seed': 0}"])
    with pytest.raises(UserError, match="differs in settings, gin_bindings"):
        save_study(other, tmp_path / "out")


def test_a_folder_without_a_study_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no study"):
        load_study(tmp_path)
