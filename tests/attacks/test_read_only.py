"""Folders and files that a user may not write, or not read: one sentence, and nothing changes.

Root may write everywhere, so where root runs the tests, the commands run as the user `nobody`.
"""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from attack import Attack, state_of
from commands import COMMANDS
from PIL import Image

_NOBODY = 65534


@contextlib.contextmanager
def _as_a_user():
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(scope="module", autouse=True)
def _all_is_imported(undisturbed, tmp_path_factory):
    """Runs every command once: another user may not be permitted to read Python's own folder."""
    for name in COMMANDS:
        undisturbed(name)
    folder = tmp_path_factory.mktemp("pictures")
    Image.new("RGB", (64, 64)).save(folder / "1.png")
    Image.open(folder / "1.png").load()


@pytest.fixture
def here(tmp_path):
    """An empty folder that every user may read; pytest's own are root's alone."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def places(here, world):
    """As of the other attacks, readable by every user."""
    shutil.copytree(world / "models", here / "models")
    shutil.copy(world / "small.gin", here / "small.gin")
    return {"here": here, "model": here / "models" / "model", "small": here / "small.gin"}


@pytest.fixture
def denied(here, places, capsys):
    """Runs an attack as a user; checks that it says what was not permitted, and changes nothing."""

    def run(attack: Attack, *closed: Path, mode: int = 0o555) -> None:
        modes = {path: path.stat().st_mode for path in closed}
        for path in closed:
            path.chmod(mode)
        before = state_of(here, folders=False)
        capsys.readouterr()
        try:
            with _as_a_user():
                code = attack.main(**places)
        finally:
            for path, old in modes.items():
                path.chmod(old)
        answer = capsys.readouterr().err.strip().splitlines()
        assert code == 2, answer
        assert "Traceback" not in "".join(answer)
        assert answer[-1].startswith(f"tfdis-{attack.command.split()[0]}"), answer
        assert attack.says in answer[-1], answer
        assert answer[-1].endswith("Permission denied."), answer
        assert state_of(here, folders=False) == before

    return run


@pytest.mark.parametrize("name", [*COMMANDS, "train"])
def test_a_folder_that_cannot_be_written(name, here, denied):
    closed = here / "closed"
    closed.mkdir()
    arguments = "--gin_file={small} --model_dir={here}/out"
    if name in COMMANDS:
        arguments = COMMANDS[name].arguments
        COMMANDS[name].given(here)
    if name == "aicrowd files":  # the folder is the user's own, and there
        (closed / "out").mkdir()
    arguments = arguments.replace("{here}/out", "{here}/closed/out")
    denied(Attack(name, arguments, "could not be written"), *closed.iterdir(), closed)


def test_a_result_in_a_folder_that_cannot_be_written_is_not_replaced(here, places, denied):
    (here / "closed").mkdir()
    arguments = COMMANDS["evaluate"].arguments.replace("{here}/out", "{here}/closed/out")
    assert Attack("evaluate", arguments, "").main(**places) in (0, None)
    denied(Attack("evaluate", arguments, "closed/out could not be written"), here / "closed")


@pytest.mark.parametrize("name", ["postprocess", "evaluate", "visualize", "export", "validate"])
def test_a_model_that_cannot_be_read(name, places, denied):
    denied(Attack(name, COMMANDS[name].arguments, "model"), places["model"], mode=0)


def test_a_gin_file_that_cannot_be_read(here, places, denied):
    denied(
        Attack("train", "--gin_file={small} --model_dir={here}/out", "small.gin"),
        places["small"],
        mode=0,
    )


def test_data_that_cannot_be_read_or_kept(here, denied, monkeypatch):
    monkeypatch.setenv("TFDIS_CACHE", str(here / "cache"))
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(here / "data"))
    (here / "cache").mkdir()
    (here / "cache").chmod(0o777)
    (here / "data").mkdir()
    (here / "pictures").mkdir()
    picture = here / "pictures" / "1.png"
    Image.new("RGB", (64, 64)).save(picture)
    binding = "--gin_bindings='image_folder.path = \"{here}/pictures\"'"
    show = f"show image_folder --output_dir={{here}}/out {binding}"
    denied(Attack("data", show, "cache/"), here / "cache")
    denied(Attack("data", show, "pictures/1.png"), picture, mode=0)
    denied(Attack("data", "download shapes3d", "data/3dshapes"), here / "data")
