"""The wheel is whole: installed into an empty environment, its commands run in an empty folder.

The packages that tfdis needs are lent to that environment by a line of a .pth file, which gives
their folder and none of what lies beside it: neither this clone nor an editable tfdis.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_SOURCES = ("tfdis", "gin_configs", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
_ENVIRONMENT = {
    name: os.environ[name]
    for name in os.environ
    if name not in ("PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL")
}


def run(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, **kwargs)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    for name in _SOURCES:  # aside, as a build leaves files in its source
        source = _ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, folder)
    build = ("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir")
    run(sys.executable, "-m", "pip", *build, str(folder / "built"), str(folder))
    (path,) = (folder / "built").glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel):
    package = _ROOT / "tfdis"
    here = {
        str(path.relative_to(_ROOT))
        for folder in (package, package / "gin_configs")
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if name.startswith("tfdis/")} == here


@pytest.mark.slow
def test_an_installed_wheel_trains_in_an_empty_folder(wheel, tmp_path):
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "environment"))
    python = tmp_path / "environment" / "bin" / "python"
    purelib = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    site_packages = Path(purelib.stdout.strip())
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site_packages / "lent.pth").write_text("\n".join(lent))
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps")
    run(*pip, "--force-reinstall", str(wheel))
    where = run(str(python), "-c", "import tfdis; print(tfdis.__file__)", cwd=tmp_path).stdout
    assert where.startswith(str(site_packages))

    (tmp_path / "empty").mkdir()
    command = (str(python.with_name("tfdis-train")), "--gin_file=beta_tcvae.gin")
    steps = "--gin_bindings=model.training_steps = 20"
    trained = run(*command, steps, cwd=tmp_path / "empty")
    assert trained.stderr == ""  # also not TensorFlow's
    model = tmp_path / "empty" / "models" / "beta_tcvae"
    assert (model / "model.keras").is_file()
    assert list((model / "visualizations").glob("*.png"))
