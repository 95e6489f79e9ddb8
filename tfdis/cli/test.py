"""tfdis-test: lint, format and the whole test suite of a clone.

tfdis-test                             all but the tests marked slow
tfdis-test --slow                      all
tfdis-test tests/training -k resume    any arguments of pytest

Without a path, files of tests run side by side, one process of one thread per CPU; -n0 runs them
in one process.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tfdis.errors import UserError

_DLIB = "disentanglement-lib==1.5"
_THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if "--help" in argv or "-h" in argv:
        print(__doc__)
        return 0
    try:
        return _test(argv)
    except UserError as error:
        print(f"tfdis-test: {error}", file=sys.stderr)
        return 2


def _test(pytest_arguments: list[str]) -> int:
    root = Path(__file__).parents[2]
    if not (root / "tests").is_dir() or importlib.util.find_spec("pytest") is None:
        raise UserError(
            "The tests come with a clone of the repository: run bin/tfdis-test there, which also "
            "installs what they need."
        )
    _install_dlib(root / ".dlib15")
    environment = {**os.environ, "PYTHONPATH": str(root)}
    if all(each.startswith("-") for each in pytest_arguments):
        cpus = len(os.sched_getaffinity(0))
        spread = [f"-n{cpus}", "--dist=loadfile", "--no-loadscope-reorder"]
        pytest_arguments = [*spread, *pytest_arguments, "tests"]
        environment = dict.fromkeys(_THREADS, "1") | environment
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["pytest", *pytest_arguments],
    ):
        done = subprocess.run([sys.executable, "-m", *command], cwd=root, env=environment)
        if done.returncode:
            return done.returncode
    return 0


def _install_dlib(path: Path) -> None:
    """Installs disentanglement_lib 1.5 apart: the reference for what the installed 1.2 lacks."""
    if path.is_dir():
        return
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".dlib15-") as partial:
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        try:
            subprocess.run([*install, "--target", f"{partial}/dlib", _DLIB], check=True)
        except subprocess.CalledProcessError as error:
            raise UserError(f"{_DLIB} could not be installed into {path}; see above.") from error
        Path(partial, "dlib").rename(path)


if __name__ == "__main__":
    sys.exit(main())
