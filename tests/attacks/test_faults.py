"""A stage that dies anywhere loses neither what was there nor what a user put beside it."""

import shutil
from pathlib import Path

import pytest
from attack import Attack
from faults import killed_at

from tfdis import manifest
from tfdis.models.trained import load
from tfdis.training.train import train_with_gin

_CALLBACKS = (
    "model.callbacks = [@scores(), @visualization()]",
    "scores.metrics = ['mig']",
    "scores.settings = ['mig.num_train = 20']",
    "draw_all.kinds = ['kl']",
    "draw_all.num_images = 20",
    "model.checkpoint_seconds = 0.0",
)
_STAGES = {
    "postprocess": "",
    "evaluate": "--gin_file=metrics/mig.gin --gin_bindings='mig.num_train = 20' "
    "--gin_bindings='evaluation.random_seed = 0' --gin_bindings='dataset.name = \"auto\"'",
    "visualize": "--gin_bindings='draw_all.kinds = [\"kl\"]' "
    "--gin_bindings='draw_all.num_images = 20'",
    "export": "--format=savedmodel --part=decoder",
}
_NAMES = {"evaluate": "evaluation"}
# Some of the operations in a quick run; all of them with --slow.
_SOME = (4, 16)


def _numbers():
    yield from (pytest.param(number, id=str(number)) for number in _SOME)
    rest = [number for number in range(1, 60, 4) if number not in _SOME]
    yield from (pytest.param(each, id=str(each), marks=pytest.mark.slow) for each in rest)


def _content(directory):
    """Everything in a directory that is the same from run to run."""
    changing = (".json", ".tfdis.lock")
    return {
        path.as_posix(): (directory / path).read_bytes()
        for path in manifest.files_in(directory)
        if (directory / path).is_file()
        and not path.name.endswith(changing)
        and path.parts[0] in ("tfhub", "mine", "results")
    }


def _leftovers(directory):
    return [path for path in directory.rglob("*") if ".partial-" in path.name]


@pytest.fixture(scope="session")
def outputs(world, tmp_path_factory):
    """What each stage leaves, undisturbed."""
    path = tmp_path_factory.mktemp("outputs")
    for stage, options in _STAGES.items():
        attack = Attack(stage, f"--model_dir={{model}} --output_dir={{here}}/{stage} {options}", "")
        assert attack.main(model=world / "models" / "model", here=path) in (0, None)
    return path


@pytest.mark.parametrize("stage", _STAGES)
@pytest.mark.parametrize("number", _numbers())
def test_a_stage_that_dies(stage, number, world, outputs, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(outputs / stage, out)
    (out / "mine").mkdir()
    (out / "mine" / "notes.txt").write_text("mine")
    before, old = _content(out), manifest.read(out)
    files = set(manifest.files_in(out))
    options = _STAGES[stage]
    attack = Attack(stage, f"--model_dir={{model}} --output_dir={{here}}/out {options}", "")
    again = Attack(stage, f"{attack.arguments} --overwrite", "")
    places = {"model": world / "models" / "model", "here": tmp_path}
    with killed_at(number, tmp_path) as death:
        again.main(**places)
    there = manifest.read(out)
    assert there.complete
    assert there.stage == _NAMES.get(stage, stage)
    assert there.paths == old.paths
    assert (out / "mine" / "notes.txt").read_text() == "mine"
    assert set(_content(out)) == set(before)
    assert set(manifest.files_in(out)) >= files
    again.main(**places)
    assert manifest.read(out).id not in (old.id, there.id)
    assert (out / "mine" / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"], death.last
    assert not _leftovers(tmp_path)


@pytest.fixture(scope="session")
def undisturbed(world, tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "model"
    train_with_gin(path, gin_config_files=[world / "small.gin"], gin_bindings=_CALLBACKS)
    return path


def _weights(model_dir):
    return [weight.numpy().tobytes() for weight in load(model_dir).model.weights]


def _train_numbers():
    some = (12, 40)
    yield from (pytest.param(number, id=str(number)) for number in some)
    rest = [number for number in range(1, 110, 4) if number not in some]
    yield from (pytest.param(each, id=str(each), marks=pytest.mark.slow) for each in rest)


@pytest.mark.parametrize("number", _train_numbers())
def test_a_training_that_dies_goes_on(number, world, undisturbed, tmp_path):
    config = {"gin_config_files": [world / "small.gin"], "gin_bindings": _CALLBACKS}
    with killed_at(number, tmp_path) as death:
        train_with_gin(tmp_path / "model", **config)
    assert (
        not death.last
        or not manifest.is_complete(tmp_path / "model", "train")
        or (set(manifest.files_in(tmp_path / "model")) >= set(manifest.files_in(undisturbed)))
    )
    train_with_gin(tmp_path / "model", resume=True, **config)
    _same_run(tmp_path / "model", undisturbed, death.last)


@pytest.mark.parametrize("number", _train_numbers())
def test_a_training_over_another_that_dies(number, world, undisturbed, tmp_path):
    model_dir = tmp_path / "model"
    shutil.copytree(world / "models" / "model", model_dir)
    (model_dir / "mine.txt").write_text("mine")
    old, weights = manifest.read(model_dir).id, _weights(model_dir)
    config = {"gin_config_files": [world / "small.gin"], "gin_bindings": _CALLBACKS}
    with killed_at(number, tmp_path) as death:
        train_with_gin(model_dir, overwrite=True, **config)
    there = manifest.read(model_dir)
    assert there.complete
    assert _weights(model_dir) == (weights if there.id == old else _weights(undisturbed))
    assert (model_dir / "mine.txt").read_text() == "mine"
    if there.id == old:
        assert death.last
    if there.id != old or (tmp_path / ".model.training" / manifest.NAME).exists():
        train_with_gin(model_dir, resume=True, **config)
    else:
        train_with_gin(model_dir, overwrite=True, **config)
    assert (model_dir / "mine.txt").read_text() == "mine"
    (model_dir / "mine.txt").unlink()
    _same_run(model_dir, undisturbed, death.last)


def _same_run(model_dir: Path, undisturbed: Path, where: str) -> None:
    assert manifest.is_complete(model_dir, "train"), where
    assert set(manifest.files_in(model_dir)) == set(manifest.files_in(undisturbed)), where
    assert _weights(model_dir) == _weights(undisturbed), where
    progress = (model_dir / "progress.jsonl").read_text()
    assert progress == (undisturbed / "progress.jsonl").read_text(), where
    assert [path.name for path in model_dir.parent.iterdir()] == ["model"], where
    assert not _leftovers(model_dir), where
