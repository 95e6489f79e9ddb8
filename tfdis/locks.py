"""A lock on a directory, which the system releases when its process ends for any reason."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tfdis.errors import UserError
from tfdis.manifest import LOCK

# The errors of file systems without locks.
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)


@contextlib.contextmanager
def locked(directory: str | os.PathLike) -> Iterator[None]:
    """Holds the lock of a directory, which is made if need be, for the time of a `with` block.

    Raises:
        UserError: another process holds it, or it cannot be written.
    """
    directory = Path(directory)
    descriptor = _lock(directory)
    if descriptor is None:
        raise UserError(
            f"Another process is writing {directory}: wait for its end, or name another directory."
        )
    try:
        yield
    finally:
        # Removed while it is held: who opens the name later makes a lock of its own.
        try:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), (directory / LOCK).stat()):
                    (directory / LOCK).unlink()
        finally:
            os.close(descriptor)


def is_free(directory: str | os.PathLike) -> bool:
    """Whether no process holds the lock of a directory."""
    with contextlib.suppress(UserError):
        descriptor = _lock(Path(directory))
        if descriptor is None:
            return False
        os.close(descriptor)
    return True


def _lock(directory: Path) -> int | None:
    """The descriptor that holds the lock; None: another process holds it."""
    path = directory / LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except OSError as error:
                if error.errno not in _NO_LOCKS:
                    os.close(descriptor)
                    raise
            # Its holder may have removed the file between the two calls.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    return descriptor
            os.close(descriptor)
    except OSError as error:
        raise UserError(f"{directory} could not be written: {error.strerror}.") from error
