"""The installation's optional parts: their absence is one sentence, and nothing else needs them."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tfdis
from tfdis.errors import UserError
from tfdis.extras import EXTRAS, require
from tfdis.study.launch_ray import launch_ray

_ROOT = Path(__file__).parents[1]


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(_ROOT / "setup.cfg")
    return setup


def _names(requirements: str) -> list[str]:
    return [re.match(r"[\w-]+", line)[0] for line in requirements.split()]


def test_setup_has_the_extras_and_the_tests_have_the_packages_of_all_but_the_hub():
    extras = _setup()["options.extras_require"]
    for extra, packages in EXTRAS.items():
        assert _names(extras[extra]) == list(packages)
        if extra != "hub":  # which a stand-in plays
            assert set(packages) <= set(_names(extras["test"]))
    core = _names(_setup()["options"]["install_requires"])
    assert not set(core) & {package for packages in EXTRAS.values() for package in packages}


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_package_is_one_sentence_that_names_the_extra(extra, monkeypatch):
    monkeypatch.setitem(sys.modules, EXTRAS[extra][-1], None)
    with pytest.raises(UserError) as raised:
        require(extra, "This")
    assert re.fullmatch(
        rf"This needs .*\b{EXTRAS[extra][-1]}, which (is|are) not installed: "
        rf"pip install 'tfdis\[{extra}\]'\.",
        str(raised.value),
    )


def test_the_launcher_on_ray_says_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"^--launcher=ray needs ray, .*'tfdis\[ray\]'\.$"):
        launch_ray(None, tmp_path, None)


def test_the_logger_to_wandb_says_so(monkeypatch, tmp_path):
    from tfdis.training.logger_wandb import WandbLogger

    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UserError, match=r"^wandb_logger needs wandb, .*'tfdis\[wandb\]'\."):
        WandbLogger(tmp_path)


# Every module, and so every command, is imported where none of the packages can be.
_CORE_ALONE = """
import importlib, pkgutil, sys
class Refuses:
    def find_spec(self, name, path, target=None):
        if name in {packages!r}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuses())
import tfdis, tfdis.cli
from tfdis.config import register_all
register_all()
for info in pkgutil.iter_modules(tfdis.cli.__path__):
    importlib.import_module("tfdis.cli." + info.name)
"""


@pytest.mark.slow
def test_all_modules_are_imported_without_any_extra():
    packages = sorted(package for each in EXTRAS.values() for package in each)
    done = subprocess.run(
        [sys.executable, "-c", _CORE_ALONE.format(packages=packages)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_package_says_that_it_is_typed():
    assert (Path(tfdis.__file__).parent / "py.typed").is_file()
    assert "py.typed" in _setup()["options.package_data"]["*"]


def test_the_citation_names_the_version():
    lines = (_ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {tfdis.__version__}" in lines
