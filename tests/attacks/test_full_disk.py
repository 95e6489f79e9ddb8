"""A full disk gives one sentence, and leaves what was there.

`tfdis-compare` writes nothing, and a study waits for space (`tests/study/test_launch.py`).
"""

import pytest
from attack import Attack, state_of
from commands import COMMANDS
from PIL import Image

from tfdis import manifest


def _leftovers(directory):
    return [path for path in directory.rglob("*") if ".partial-" in path.name]


def _sentence_on_a_full_disk(full_disk, size, attack, places, capsys):
    """Runs a command; what it says goes to a string, for a file has no room for it."""
    capsys.readouterr()
    with full_disk(size):
        code = attack.main(**places)
    answer = capsys.readouterr().err.strip().splitlines()[-1]
    assert code == 2, answer
    assert answer.startswith(f"tfdis-{attack.command.split()[0]}"), answer
    assert "could not be written: File too large" in answer


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_leaves_what_was_there(name, written, world, full_disk, capsys):
    here = written(name)
    command = COMMANDS[name]
    before = state_of(here, folders=False)
    places = {"model": world / "models" / "model", "here": here}
    _sentence_on_a_full_disk(full_disk, command.full_at, command.attack(name), places, capsys)
    assert state_of(here, folders=False) == before


def test_a_full_disk_leaves_the_earlier_model(world, tmp_path, full_disk, capsys):
    attack = Attack("train", "--gin_file={small} --model_dir={here}/out", "")
    places = {"small": world / "small.gin", "here": tmp_path}
    assert attack.main(**places) in (0, None)
    before = manifest.read(tmp_path / "out"), state_of(tmp_path / "out" / "tfhub")
    again = Attack("train", f"{attack.arguments} --overwrite", "")
    _sentence_on_a_full_disk(full_disk, 8192, again, places, capsys)
    assert (manifest.read(tmp_path / "out"), state_of(tmp_path / "out" / "tfhub")) == before
    assert not _leftovers(tmp_path)


def test_a_full_disk_while_matrices_are_learnt(tmp_path, full_disk, capsys):
    bindings = [
        "abstract_reasoning.num_iterations = 1",
        "abstract_reasoning.training_steps_per_iteration = 1",
        "abstract_reasoning.eval_steps_per_iteration = 1",
        "abstract_reasoning.batch_size = 2",
        "OptimizedWildRelNet.edge_mlp = [8]",
        "OptimizedWildRelNet.graph_mlp = [8]",
    ]
    given = " ".join(f"--gin_bindings='{binding}'" for binding in bindings)
    attack = Attack(
        "reason", f"--gin_file=reasoning/factors.gin --output_dir={{here}}/out {given}", ""
    )
    _sentence_on_a_full_disk(full_disk, 100, attack, {"here": tmp_path}, capsys)
    assert not manifest.is_complete(tmp_path / "out", "abstract_reasoning")
    assert not _leftovers(tmp_path)


def test_a_full_disk_while_data_arrive(served, full_disk, capsys):
    attack = Attack("data", "download shapes3d", "")
    _sentence_on_a_full_disk(full_disk, 8192, attack, {}, capsys)
    assert not served.exists()
    assert attack.main() == 0
    assert served.stat().st_size == 50_000


def test_a_full_disk_while_pictures_are_unpacked(tmp_path, full_disk, capsys, monkeypatch):
    monkeypatch.setenv("TFDIS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        Image.new("RGB", (64, 64)).save(tmp_path / "pictures" / f"{number}.png")
    binding = "--gin_bindings='image_folder.path = \"{here}/pictures\"'"
    attack = Attack("data", f"show image_folder --output_dir={{here}}/out {binding}", "")
    _sentence_on_a_full_disk(full_disk, 8192, attack, {"here": tmp_path}, capsys)
    assert not list((tmp_path / "cache").rglob("*.npy"))
    assert not (tmp_path / "out").exists()
    assert not _leftovers(tmp_path)
