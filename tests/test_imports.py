"""Imports go one way, as in the table in CONTRIBUTING.md, and never in a circle."""

import ast
import graphlib
import re
from pathlib import Path

import tfdis

_PACKAGE = Path(tfdis.__file__).parent
_ROWS = re.search(
    r"Imports go one way.*?\n```\n(.*?)\n```",
    (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(),
    re.DOTALL,
)[1]
_ROW_OF = {
    unit: number for number, row in enumerate(_ROWS.splitlines()) for unit in row.split(", ")
}


def _modules():
    """Every module by its dotted name below tfdis; the package itself is ""."""
    for path in _PACKAGE.rglob("*.py"):
        parts = path.relative_to(_PACKAGE).with_suffix("").parts
        yield ".".join(part for part in parts if part != "__init__"), path


_MODULES = dict(_modules())


def _imported(path):
    """The modules of tfdis that a file imports, in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.split(".")[0] == "tfdis":
                name = name.removeprefix("tfdis").removeprefix(".")
                yield name if name in _MODULES else name.rpartition(".")[0]


def test_the_table_is_complete_and_names_each_once():
    units = {name.split(".")[0] for name in _MODULES} - {""}
    assert sorted(re.split(", |\n", _ROWS)) == sorted(units)


def test_imports_point_to_rows_above():
    wrong = []
    for name, path in _MODULES.items():
        unit = name.split(".")[0]
        for imported in _imported(path):
            other = imported.split(".")[0]
            # "" is tfdis itself, which imports from the first row and is imported for its path.
            if "" not in (unit, other) and other != unit and _ROW_OF[other] >= _ROW_OF[unit]:
                wrong.append(f"tfdis.{name} imports tfdis.{imported}")
    assert not wrong
    assert all(_ROW_OF[imported] == 0 for imported in _imported(_MODULES[""]))


def test_no_modules_import_each_other_in_a_circle():
    imports = {name: set(_imported(path)) - {name, ""} for name, path in _MODULES.items()}
    graphlib.TopologicalSorter(imports).prepare()
