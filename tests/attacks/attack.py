"""One wrong use of a command, and what is to be said."""

import dataclasses
import importlib
import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import gin

_SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Attack:
    """One row of a table.

    Attributes:
        command: "train", "evaluate", "sweep status", ...: what follows `tfdis-`.
        arguments: as one types them, quotes included; `{model}`, `{small}` and `{here}` are
            replaced (see conftest.py).
        says: a regular expression that the one line of the answer has to match somewhere.
        given: makes what the attack needs in `{here}`, an empty directory of its own.
        code: the exit code.
    """

    command: str
    arguments: str
    says: str
    given: Callable[[Path], None] | None = None
    code: int = 2

    def __str__(self) -> str:
        return f"{self.command} {self.arguments}".strip()

    def main(self, **places: Path) -> int:
        """Runs the command in this process; returns its exit code."""
        program, *first = self.command.split()
        module = importlib.import_module(f"tfdis.cli.{program}")
        words = [word.format(**places) for word in shlex.split(self.arguments)]
        before = signal.signal(signal.SIGALRM, _hangs)
        signal.alarm(_SECONDS)
        try:
            return module.main([*first, *words])
        except SystemExit as end:  # of argparse
            return end.code
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
            gin.clear_config()


def state_of(directory: Path, folders: bool = True) -> dict[str, tuple[int, int, int] | None]:
    """Every path below a directory, with what changes when its content does.

    Args:
        directory: where.
        folders: whether a folder changes where a file in it came and went.
    """
    found = {}
    for path in sorted(directory.rglob("*")):
        about = path.lstat()
        seen = folders or not path.is_dir()
        found[str(path)] = (about.st_size, about.st_mtime_ns, about.st_ino) if seen else None
    return found


def _hangs(*_: object) -> None:
    raise AssertionError(f"no answer in {_SECONDS} seconds")
