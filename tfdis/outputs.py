"""The output directories of stages: each lists its files, and only these are ever replaced.

A stage fills a directory beside its output and leaves a manifest in it (`tfdis.manifest`). Where
the output holds an earlier result, the two exchange their names in one step, once the new one is
complete; other files of the output, such as the user's, are linked into both before. At every
moment the name holds one complete result and the user's files.
"""

import contextlib
import ctypes
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tfdis import manifest, results
from tfdis.errors import UserError
from tfdis.locks import is_free, locked
from tfdis.manifest import Manifest
from tfdis.unused_bindings import tell_unused, told_together

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def stage_output(
    stage: str,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    inputs: Sequence[str | os.PathLike] = (),
) -> Iterator[Path]:
    """Gives an empty directory to fill; it takes the name `output_dir` once all went well.

    By then all of the stage's bindings have been used, so those that were not are told here.

    Args:
        stage: the name of the stage that writes.
        output_dir: the final name.
        overwrite: replace what the same stage wrote there before.
        inputs: directories that are read.

    Raises:
        UserError: see `refuse_output` and `tell_unused`; or it cannot be written.
    """
    refuse_output(stage, output_dir, overwrite, inputs)
    target = Path(output_dir).resolve()
    partial = results.aside(target)
    written = False
    try:
        _clear_leftovers(target)
        partial.mkdir(parents=True)
        with locked(partial):
            with told_together():  # one stage may write for another
                yield partial
                tell_unused()
            paths = {path.as_posix() for path in manifest.files_in(partial)} - {manifest.LOCK}
            Manifest(stage, paths, complete=True).write(partial)
            results.sync(partial)
            refuse_output(stage, output_dir, overwrite, inputs)
            written = True
            take_place(partial, target)
            (target / manifest.LOCK).unlink(missing_ok=True)
    except OSError as error:
        raise results.cannot_write(Path(output_dir), error) from error
    finally:
        if written and partial.exists():
            retire(partial, target)
        elif not written:
            shutil.rmtree(partial, ignore_errors=True)


def refuse_output(
    stage: str,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    inputs: Sequence[str | os.PathLike] = (),
) -> None:
    """Raises a UserError where a stage may not write a directory.

    Args:
        stage: the name of the stage that wants to write.
        output_dir: the directory. It may be written if it is empty, or with `overwrite` if the same
            stage wrote it.
        overwrite: whether an earlier result may be replaced.
        inputs: directories that the stage reads; its output can neither be nor contain them.
    """
    output_dir = Path(output_dir)
    there = next((each for each in (output_dir, *output_dir.parents) if each.exists()), output_dir)
    if there.exists() and not there.is_dir():
        raise UserError(f"{there} is a file where a directory is to be written: name another.")
    target = output_dir.resolve()
    for each in inputs:
        if Path(each).resolve() == target:
            raise UserError(f"{output_dir} is what is read: name another directory to write.")
        if target in Path(each).resolve().parents:
            raise UserError(
                f"{output_dir} holds {each}, which is read: name another directory to write."
            )
    try:
        content = {path.name for path in target.iterdir()} if target.is_dir() else set()
    except OSError as error:
        raise UserError(f"{output_dir} could not be read: {error.strerror}.") from error
    if not content - {manifest.LOCK}:
        return
    there = manifest.read(target)
    if there is None:
        raise UserError(f"{output_dir} {_without_manifest(target)}")
    if there.stage != stage:
        raise UserError(
            f"{output_dir} holds what the stage '{there.stage}' wrote, and '{stage}' replaces only "
            "its own: name another."
        )
    if not overwrite:
        raise UserError(
            f"{output_dir} already exists: pass --overwrite to replace it, or name another."
        )


def _without_manifest(directory: Path) -> str:
    if (directory / "results" / "gin").is_dir() or (directory / "checkpoints").is_dir():
        return (
            "already exists, and was written by tfdis 0.1 or disentanglement_lib, which left no "
            "list of their files: move it away, or name another."
        )
    return (
        "already exists and holds files that tfdis did not write, which it never replaces: name "
        "another."
    )


def take_place(new: Path, target: Path) -> None:
    """Gives a complete directory the name `target`; a directory of that name is then called `new`.

    Files in `target` that are not of its manifest are in both afterwards.

    Raises:
        UserError: such a file has the name of one in `new`.
        OSError: it cannot be renamed.
    """
    there = manifest.read(target) if target.is_dir() else None
    if there is None:
        if target.is_dir():
            (target / manifest.LOCK).unlink(missing_ok=True)
            target.rmdir()
        new.rename(target)
        return
    _keep_the_rest(target, there, new)
    _exchange(new, target)


def retire(old: Path, target: Path) -> None:
    """Removes a directory that `target` has replaced, or that will not become `target`.

    A file that is not of its manifest is kept: it goes to `target` unless it is there already.
    """
    there = manifest.read(old) or Manifest("")
    for path in manifest.files_in(old):
        file, kept = old / path, target / path
        if file.is_dir() and not file.is_symlink():
            continue
        if there.owns(path) or _is_same(file, kept):
            if path.as_posix() != manifest.NAME:
                file.unlink()
        elif not os.path.lexists(kept):
            kept.parent.mkdir(parents=True, exist_ok=True)
            file.rename(kept)
    (old / manifest.NAME).unlink(missing_ok=True)
    for folder, _, _ in os.walk(old, topdown=False):
        with contextlib.suppress(OSError):
            Path(folder).rmdir()


def _keep_the_rest(target: Path, there: Manifest, new: Path) -> None:
    """Links the files that a manifest does not list from one directory into another."""
    for path in manifest.files_in(target):
        if there.owns(path):
            continue
        file, kept = target / path, new / path
        if _is_same(file, kept):
            continue
        if os.path.lexists(kept):
            raise UserError(
                f"{file} is not of tfdis, which now has a file of that name to write: move it away."
            )
        kept.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink():
            kept.symlink_to(file.readlink())
        elif file.is_dir():
            kept.mkdir()
        else:
            _link(file, kept)


def _link(file: Path, kept: Path) -> None:
    try:
        os.link(file, kept)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        shutil.copy2(file, kept)  # a file system without hard links


def _is_same(file: Path, other: Path) -> bool:
    """Whether two names are the same file, or links or copies of it."""
    if file.is_symlink() or other.is_symlink():
        return file.is_symlink() and other.is_symlink() and file.readlink() == other.readlink()
    if not file.exists() or not other.exists():
        return False
    if file.is_dir() or other.is_dir():
        return file.is_dir() and other.is_dir()
    a, b = file.stat(), other.stat()
    return os.path.samestat(a, b) or (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _exchange(a: Path, b: Path) -> None:
    """Exchanges the names of two directories, in one step where the system can."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        names = os.fsencode(a), os.fsencode(b)
        if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
            return
        if ctypes.get_errno() not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    between = _between(b)
    b.rename(between)
    a.rename(b)
    between.rename(a)


def _between(target: Path) -> Path:
    return target.with_name(f".{target.name}.replaced")


def recover(target: Path) -> None:
    """Restores a directory's name where a process was killed while replacing it."""
    between = _between(target)
    if between.is_dir():
        if target.exists():
            retire(between, target)
        else:
            between.rename(target)


def clear_partial(directory: str | os.PathLike) -> None:
    """Removes the unfinished files of killed processes below a directory."""
    for folder, subfolders, names in os.walk(directory):
        partials = [name for name in subfolders if results.whole(Path(folder, name))]
        subfolders[:] = [name for name in subfolders if name not in partials]
        for name in partials:
            _remove_partial(Path(folder, name))
        for name in names:
            if results.whole(Path(folder, name)):
                Path(folder, name).unlink(missing_ok=True)


def _clear_leftovers(target: Path) -> None:
    """Removes the unfinished directories of killed processes beside a directory."""
    recover(target)
    for partial in list(target.parent.glob(".*.partial-*")):
        if results.whole(partial) == target and partial.is_dir():
            _remove_partial(partial)


def _remove_partial(partial: Path) -> None:
    if not is_free(partial):
        return
    if manifest.read(partial) is None:
        shutil.rmtree(partial, ignore_errors=True)
    else:
        retire(partial, results.whole(partial))
