"""Every command runs, as a module (so bin/ starts it) and as an installed script."""

import configparser
import importlib
import runpy
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_COMMANDS = sorted(path.name for path in (_ROOT / "bin").glob("tfdis-*"))


def test_bin_and_setup_have_the_same_commands():
    setup = configparser.ConfigParser()
    setup.read(_ROOT / "setup.cfg")
    lines = setup["options.entry_points"]["console_scripts"].strip().splitlines()
    assert sorted(line.split(" = ")[0] for line in lines) == _COMMANDS
    for line in lines:
        module, function = line.split(" = ")[1].split(":")
        assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("name", _COMMANDS)
@pytest.mark.filterwarnings("ignore:.*found in sys.modules")
def test_each_runs_as_a_module(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module(f"tfdis.cli.{name.removeprefix('tfdis-')}", run_name="__main__")
    assert name in capsys.readouterr().out.splitlines()[0]
