"""Ctrl-C and SIGTERM while a command works on its files: one sentence, and what was there stays."""

import signal

import pytest
from attack import Attack, state_of
from commands import COMMANDS
from faults import signalled_at

from tfdis import manifest


def _stopped(attack, places, number, directory, name, capsys):
    """Runs a command that gets a signal at an operation on files; checks what it says."""
    signal_number = signal.Signals[name]
    capsys.readouterr()
    with signalled_at(number, directory, signal_number) as death:
        code = attack.main(**places)
    answer = capsys.readouterr().err.strip().splitlines()
    assert death.last, "the command has not so many operations on files"
    assert code == 128 + signal_number, answer
    assert answer[-1].startswith(f"tfdis-{attack.command.split()[0]}: stopped by {name}; "), answer
    assert "Traceback" not in "".join(answer)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_leaves_what_was_there(name, written, operations, world, capsys):
    here = written(name)
    before = state_of(here, folders=False)
    places = {"model": world / "models" / "model", "here": here}
    number = max(1, operations[name] // 3)
    which = "SIGINT" if number % 2 else "SIGTERM"
    _stopped(COMMANDS[name].attack(name), places, number, here, which, capsys)
    assert state_of(here, folders=False) == before


@pytest.mark.parametrize("name", ["aggregate", "data show", "validate"])
def test_a_signal_at_the_last_operation_leaves_a_whole_result(
    name, written, operations, world, capsys
):
    here = written(name)
    files = set(manifest.files_in(here))
    attack, places = (
        COMMANDS[name].attack(name),
        {"model": world / "models" / "model", "here": here},
    )
    _stopped(attack, places, operations[name], here, "SIGTERM", capsys)
    assert files <= set(manifest.files_in(here))
    assert name == "aggregate" or manifest.read(here / "out").complete
    assert attack.main(**places) in (0, None)
    assert set(manifest.files_in(here)) == files


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_while_data_arrive(name, code, served, capsys):
    attack = Attack("data", "download shapes3d", "")
    _stopped(attack, {}, 2, served.parent, name, capsys)
    assert not served.exists()
    assert attack.main() == 0
    assert served.stat().st_size == 50_000


def test_a_signal_before_matrices_are_learnt(tmp_path, capsys):
    attack = Attack("reason", "--gin_file=reasoning/factors.gin --output_dir={here}/out "
                    "--gin_bindings='OptimizedWildRelNet.edge_mlp = [8]'", "")  # fmt: skip
    _stopped(attack, {"here": tmp_path}, 3, tmp_path, "SIGTERM", capsys)
    assert not manifest.is_complete(tmp_path / "out", "abstract_reasoning")
