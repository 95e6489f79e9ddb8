"""A process that dies at its Nth operation on files, in this process.

From the Nth operation on, every operation on files below a directory fails with `Killed`, so
whatever cleans up does nothing, as after kill -9. Locks are freed, as the system frees them.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")


class Killed(BaseException):
    """The process is dead."""


class _Death:
    def __init__(self):
        self.directory: str | None = None
        self.countdown = 0
        self.last = ""

    def hear(self, event: str, arguments: tuple) -> None:
        if self.directory is None:
            return
        if event == "open":
            path, _, flags = arguments
            if not flags & _WRITING:
                return
        elif event not in _EVENTS:
            return
        else:
            path = arguments[0]
        if not isinstance(path, str | bytes | os.PathLike):
            return
        path = os.fsdecode(path)
        # What shutil.rmtree removes it names relative to an open directory.
        if Path(path).is_absolute() and not path.startswith(self.directory):
            return
        self.countdown -= 1
        if self.countdown == 0:
            self.last = f"{event} {path}"
        if self.countdown <= 0:
            raise Killed(f"{event} {path}")


_death = _Death()
sys.addaudithook(_death.hear)


@contextlib.contextmanager
def killed_at(number: int, directory: Path) -> Iterator[_Death]:
    """Dies at operation `number`, counted from 1, on files below `directory`; swallows `Killed`.

    The object that it gives has `last`, the operation; empty where there were not so many.
    """
    _death.directory, _death.countdown, _death.last = str(directory), number, ""
    try:
        with contextlib.suppress(Killed):
            yield _death
    finally:
        _death.directory = None
