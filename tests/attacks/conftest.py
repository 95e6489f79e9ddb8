"""Runs a table of attacks in one process.

A test module has a list of `Attack` and hands each to the fixture `refused`:

    ATTACKS = [
        Attack("evaluate", "--model_dir={model} --output_dir={here}/s --metrics=mgi", "no metric"),
    ]

    @pytest.mark.parametrize("attack", ATTACKS, ids=str)
    def test_attack(attack, refused):
        refused(attack)

`{model}` is a trained model that all attacks share, `{small}` a gin file that trains one like it in
a second (on dummy_data, two steps), `{here}` an empty directory. `given=` gets the path of `{here}`
and puts there what the attack needs. Checked of each: the exit code; that the standard error is one
line, `tfdis-<command>: <sentence>`, which matches `says`; that neither the model nor the folder
around it nor what `given` made has changed or grown.
"""

import functools
import http.server
import re
import shutil
import threading
from pathlib import Path

import pytest
from attack import Attack, state_of
from commands import COMMANDS
from faults import operations_in

from tfdis.data.files import RemoteFile
from tfdis.data.shapes3d import Shapes3D
from tfdis.training.train import train_with_gin

_SMALL = """
dataset.name = "dummy_data"
model.model = @vae()
model.training_steps = 2
model.random_seed = 0
model.batch_size = 4
model.eval_steps = 1
model.log_every = 1
encoder.num_latent = 2
encoder.encoder_fn = @test_encoder
decoder.decoder_fn = @test_decoder
reconstruction_loss.loss_fn = @bernoulli_loss
vae_optimizer.optimizer_fn = @AdamOptimizer
AdamOptimizer.learning_rate = 0.001
vae.beta = 1.0
"""


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder with a trained model and the gin file that it was trained with."""
    path = tmp_path_factory.mktemp("world")
    (path / "small.gin").write_text(_SMALL)
    train_with_gin(path / "models" / "model", gin_config_files=[path / "small.gin"])
    (path / "models" / "neighbour.txt").write_text("mine")
    return path


@pytest.fixture
def refused(world, tmp_path, monkeypatch, capfd):
    """Runs an attack and checks what the docstring above says."""

    def run(attack: Attack) -> None:
        here = tmp_path / "here"
        here.mkdir()
        if attack.given is not None:
            attack.given(here)
        monkeypatch.chdir(here)
        places = {"model": world / "models" / "model", "small": world / "small.gin", "here": here}
        before = state_of(world), state_of(here)
        capfd.readouterr()
        code = attack.main(**places)
        answer = capfd.readouterr().err
        assert code == attack.code, answer
        assert "Traceback" not in answer
        sentence = answer.strip().splitlines()[-1]
        if not answer.startswith("usage: "):
            assert len(answer.strip().splitlines()) == 1, answer
        assert re.match(rf"tfdis-{attack.command.split()[0]}\b[^:]*: ", sentence), answer
        assert re.search(attack.says, sentence), sentence
        assert (state_of(world), state_of(here)) == before

    return run


@pytest.fixture(scope="session")
def undisturbed(world, tmp_path_factory):
    """Each command of the table, run once when it is asked for: where, and its operations."""
    path, found = tmp_path_factory.mktemp("commands"), {}

    def run(name: str) -> tuple[Path, int]:
        if name not in found:
            here = path / name.replace(" ", "_")
            here.mkdir()
            command = COMMANDS[name]
            command.given(here)
            attack, places = command.attack(name), {"model": world / "models/model", "here": here}
            assert attack.main(**places) in (0, None), name
            found[name] = here, operations_in(here, lambda: attack.main(**places))
        return found[name]

    return run


@pytest.fixture
def written(undisturbed, tmp_path):
    """Gives a copy of what a command of the table read and wrote."""

    def copy(name: str) -> Path:
        here, _ = undisturbed(name)
        return Path(shutil.copytree(here, tmp_path / "here"))

    return copy


@pytest.fixture
def operations(undisturbed):
    """By command of the table, how many operations on files it takes to replace its output."""

    class _Counts:
        def __getitem__(self, name: str) -> int:
            return undisturbed(name)[1]

    return _Counts()


@pytest.fixture
def served(tmp_path, monkeypatch):
    """The place of a data set's file of 50 kB, which a server in this process gives."""
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "3dshapes.h5").write_bytes(bytes(50_000))
    monkeypatch.setenv("DISENTANGLEMENT_LIB_DATA", str(tmp_path / "data"))
    handler = functools.partial(_Silent, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/3dshapes.h5"
        monkeypatch.setattr(Shapes3D, "files", (RemoteFile("3dshapes/3dshapes.h5", url),))
        yield tmp_path / "data" / "3dshapes" / "3dshapes.h5"
        server.shutdown()
        thread.join()


class _Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass
