import argparse
import subprocess
import sys

import pytest

from tfdis.checks import Count, Positive, Seed
from tfdis.cli.arguments import of
from tfdis.errors import UserError
from tfdis.own_modules import import_modules


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [(Count, "3", 3), (Positive, "3", 3), (Positive, "1e-3", 0.001), (Seed, "0", 0)],
)
def test_a_right_value(annotation, text, value):
    assert of(annotation)(text) == value
    assert type(of(annotation)(text)) is type(value)


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        (Count, "0", "'0' is not a whole number from 1 up"),
        (Count, "1.5", "'1.5' is not a whole number from 1 up"),
        (Count, "", "'' is not a whole number from 1 up"),
        (Count, "two", "'two' is not a whole number"),
        (Positive, "nan", "'nan' is not a number above 0"),
        (Positive, "inf", "'inf' is not a number above 0"),
        (Seed, "-1", "'-1' is not a whole number from 0 to 4294967295"),
    ],
)
def test_a_wrong_value(annotation, text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        of(annotation)(text)


def test_a_module_of_ones_own_is_imported_from_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "tfdis_test_module.py").write_text("VALUE = 3\n")
    import_modules(["tfdis_test_module"], tmp_path)
    assert sys.modules["tfdis_test_module"].VALUE == 3


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("missing_module", None, "there is no module of this name in .*, nor an installed one"),
        ("missing_module.py", None, "write --import=missing_module"),
        ("bad_syntax", "x = (", "SyntaxError"),
        ("bad_line", "\nx = 1 / 0", "ZeroDivisionError in .*bad_line.py, line 2: division by zero"),
        ("bad_import", "import tfdis_no_such", "ModuleNotFoundError in .*bad_import.py, line 1"),
        (
            "taken_name",
            "from tfdis.config import configurable\n@configurable('vae')\ndef f(): pass",
            "ValueError in .*: A different configurable matching 'tfdis.vae' already exists",
        ),
    ],
)
def test_a_module_that_cannot_be_imported(tmp_path, monkeypatch, name, text, message):
    monkeypatch.setattr(sys, "path", list(sys.path))
    if text is not None:
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(UserError, match=f"^--import={name}: .*{message}"):
        import_modules([name], tmp_path)


def test_without_import_nothing_of_the_working_directory_is_imported(tmp_path):
    (tmp_path / "keras.py").write_text("raise SystemExit('imported')\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tfdis.cli.evaluate", "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
