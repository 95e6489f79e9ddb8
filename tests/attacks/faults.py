"""A process that dies, or gets a signal, at its Nth operation on files, in this process.

From the operation on at which it dies, every operation on files below a directory fails with
`Killed`, so whatever cleans up does nothing, as after kill -9. Locks are freed, as the system frees
them.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_EVENTS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")


class Killed(BaseException):
    """The process is dead."""


class _Death:
    def __init__(self):
        self.directory: str | None = None
        self.countdown = 0
        self.signal_number: int | None = None
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
            if self.signal_number is not None:
                os.kill(os.getpid(), self.signal_number)
        if self.countdown <= 0 and self.signal_number is None:
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


@contextlib.contextmanager
def signalled_at(number: int, directory: Path, signal_number: int) -> Iterator[_Death]:
    """Sends this process a signal at its operation `number`, from 1, on files below a directory.

    The object that it gives has `last`, the operation; empty where there were not so many.
    """
    _death.signal_number = signal_number
    try:
        with killed_at(number, directory) as death:
            yield death
    finally:
        _death.signal_number = None


def operations_in(directory: Path, action: Callable[[], object]) -> int:
    """How many operations on files below a directory an action takes."""
    with killed_at(sys.maxsize, directory) as death:
        action()
    return sys.maxsize - death.countdown
