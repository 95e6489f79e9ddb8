"""A signal at any moment of any command gives one sentence and 128 + its number."""

import argparse
import os
import signal
import subprocess
import sys

import pytest

from tfdis.cli.command import run_command
from tfdis.errors import UserError


def _command(action):
    parser = argparse.ArgumentParser("tfdis-x")
    return run_command(parser, lambda _: action(), [], "do it again")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("error", [None, UserError, ImportError, SystemError, KeyboardInterrupt])
def test_one_sentence_whatever_a_library_makes_of_it(number, error, capsys):
    before = signal.getsignal(number)

    def action():
        try:
            os.kill(os.getpid(), number)
        except BaseException as stopped:
            if error is None:
                raise
            raise error("what a library says") from stopped

    assert _command(action) == 128 + number
    name = signal.Signals(number).name
    assert capsys.readouterr().err == f"tfdis-x: stopped by {name}; do it again.\n"
    assert signal.getsignal(number) == before


def test_other_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        _command(lambda: 1 / 0)
    with pytest.raises(SystemExit):
        _command(lambda: sys.exit(3))


# Sends itself a signal at the Nth import after the arguments are parsed.
_IN_AN_IMPORT = """
import builtins, os, signal, sys
from tfdis.cli import {command}
from tfdis.cli.{command} import main
calls, original = 0, builtins.__import__
def importing(*arguments, **named):
    global calls
    calls += signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    if calls == {call}:
        os.kill(os.getpid(), signal.{name})
    return original(*arguments, **named)
builtins.__import__ = importing
sys.exit(main({arguments}))
"""


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("train", ["--gin_file=beta_tcvae.gin"]),
        ("evaluate", ["--model_dir=m", "--output_dir=o", "--metrics=mig"]),
        ("visualize", ["--model_dir=m", "--output_dir=o"]),
        ("export", ["--model_dir=m"]),
        ("reproduce", []),
        ("sweep", ["--gin_file=studies/small.gin"]),
        ("report", ["m"]),
        ("data", ["list"]),
    ],
)
def test_while_importing(command, arguments, tmp_path):
    call, name = {"train": (3000, "SIGINT"), "sweep": (30, "SIGTERM")}.get(command, (6, "SIGINT"))
    script = _IN_AN_IMPORT.format(command=command, arguments=arguments, call=call, name=name)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 128 + signal.Signals[name], done.stderr
    sentence = done.stderr.splitlines()[-1]  # TensorFlow looks for a GPU before it
    assert sentence.startswith(f"tfdis-{command}")
    assert f"stopped by {name}; " in sentence
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
