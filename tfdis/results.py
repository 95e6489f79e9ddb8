"""The results/ directory of every stage, laid out as in disentanglement_lib.

    results/gin/<stage>.gin              the operative gin config
    results/json/<stage>_config.json     the same as a flat dictionary of strings
    results/json/<stage>_results.json    the stage's numbers, elapsed_time (seconds) and a uuid
    results/aggregate/<stage>.json       all of json/ so far, keys prefixed by their file's name

A stage's directory also carries the results of the stages before it.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError

# With the pid it names this process among those of all machines that share a disk; the pid tells
# forked processes apart.
_PROCESS = uuid.uuid4().hex[:8]
_PARTIAL = r"\.partial-\d+(?:-[0-9a-f]+)?"  # earlier versions wrote the pid alone

_listeners: list[Callable[[Path], None]] = []


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a file that is either complete or absent, also when the disk is full."""
    write_bytes(path, text.encode())


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """As `write_text`, for bytes."""
    with written_aside(path) as partial:
        partial.write_bytes(content)


def refuse_foreign(path: Path, mark: str, kind: str) -> None:
    """Refuses to replace a file that is not what it should be.

    Args:
        path: the file that is to be written.
        mark: what a file of the right kind holds in its first 4,096 bytes.
        kind: what it is, in words.

    Raises:
        UserError: there is a file without the mark.
    """
    if path.is_file():
        with path.open("rb") as file:
            beginning = file.read(4096)
        if beginning and mark.encode() not in beginning:
            raise UserError(f"{path} is not {kind} of tfdis and is not replaced: name another.")


@contextlib.contextmanager
def written_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a path beside `path` to write one file to; renames it to `path` at the end.

    Raises:
        UserError: the file cannot be written (no space, no permission).
    """
    path = Path(path)
    partial = aside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():  # before anything is written, and not when it takes its name
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        yield partial
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        for listener in _listeners:
            listener(path)
        partial.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # the first error is the one to report
            partial.unlink()


@contextlib.contextmanager
def telling(listener: Callable[[Path], None]) -> Iterator[None]:
    """Calls a function with every file's path before `written_aside` renames the file."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


@contextlib.contextmanager
def staged_directory(path: str | os.PathLike) -> Iterator[Path]:
    """Gives an empty directory to fill; it takes the name `path` once all went well.

    Raises:
        UserError: it cannot be written; also where `path` is not an empty directory.
    """
    path = Path(path)
    partial = aside(path)
    try:
        partial.mkdir(parents=True)
        yield partial
        sync(partial)
        partial.rename(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def aside(path: Path) -> Path:
    """The temporary path to which this process writes `path`."""
    return path.with_name(f".{path.name}.partial-{os.getpid()}-{_PROCESS}")


def whole(partial: Path) -> Path | None:
    """The path that `aside` gave this one for; None: it is not such a path."""
    match = re.fullmatch(rf"\.(.+){_PARTIAL}(\.keras)?", partial.name)
    return partial.with_name(match[1]) if match else None


def cannot_write(path: Path, error: OSError) -> UserError:
    """The error that a path could not be written."""
    # The path may be in a staged directory: undo `aside`.
    final = re.sub(rf"(^|/)\.([^/]+){_PARTIAL}(?=/|$)", r"\1\2", str(path))
    return UserError(f"{final} could not be written: {error.strerror or error}.")


def sync(directory: Path) -> None:
    """Waits until the files below a directory are on the disk."""
    for path in directory.rglob("*"):
        if path.is_file():
            with path.open("rb") as handle:
                os.fsync(handle.fileno())


def update_result_directory(
    results_dir: str | os.PathLike,
    stage: str,
    results: Mapping[str, Any],
    previous_results_dir: str | os.PathLike | None = None,
) -> None:
    """Adds one stage to a results directory.

    Args:
        results_dir: the directory to write, made if need be.
        stage: "train", "postprocess", "evaluation", ...; names the files.
        results: the stage's numbers; numpy scalars and arrays are converted. A "uuid" is added.
        previous_results_dir: results/ of the stage before, copied first.
    """
    results_dir = Path(results_dir)
    if previous_results_dir is not None:
        _copy(Path(previous_results_dir), results_dir)
    config = write_gin(results_dir, stage)
    write_json(results_dir / "json" / f"{stage}_config.json", gin_dict(config))
    write_json(
        results_dir / "json" / f"{stage}_results.json", {**results, "uuid": str(uuid.uuid4())}
    )
    write_json(results_dir / "aggregate" / f"{stage}.json", aggregate(results_dir / "json"))


def _copy(source: Path, target: Path) -> None:
    """Copies a directory. `shutil.copytree` would not do: `telling` has to hear of every file."""
    for path in sorted(source.rglob("*")):
        if not path.is_file():
            continue
        try:
            content = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} could not be read: {error.strerror}.") from error
        write_bytes(target / path.relative_to(source), content)


def write_gin(results_dir: str | os.PathLike, stage: str) -> str:
    """Writes the operative gin config of a stage so far; returns its text."""
    config = gin.operative_config_str()
    write_text(Path(results_dir) / "gin" / f"{stage}.gin", config)
    return config


def aggregate(json_dir: str | os.PathLike) -> dict[str, Any]:
    """All dictionaries of a directory in one, keys prefixed by their file's name and a dot."""
    return {
        f"{path.stem}.{key}": value
        for path in sorted(Path(json_dir).glob("*.json"))
        for key, value in read_json(path).items()
    }


def gin_dict(config: str) -> dict[str, str]:
    """The bindings of a gin config's text as a dictionary of strings, continued lines joined."""
    bindings: dict[str, str] = {}
    key = None
    for line in config.splitlines():
        if line.startswith("#") or not line.strip():
            key = None
        elif key is not None and line.startswith(" "):
            bindings[key] = f"{bindings[key].rstrip(chr(92)).rstrip()} {line.strip()}".lstrip()
        elif "=" in line:
            key, value = (part.strip() for part in line.split("=", 1))
            bindings[key] = value.rstrip("\\").rstrip()
    return bindings


def read_gin(results_dir: str | os.PathLike, stage: str) -> dict[str, str]:
    """The operative bindings that `stage` left in a results directory.

    Raises:
        UserError: there is no such file.
    """
    path = Path(results_dir) / "gin" / f"{stage}.gin"
    try:
        return gin_dict(path.read_text())
    except OSError as error:
        raise UserError(
            f"{path} could not be read ({error.strerror}): name a directory that the stage "
            f"'{stage}' wrote."
        ) from error


def write_json(path: str | os.PathLike, dictionary: Mapping[str, Any]) -> None:
    """Writes a dictionary as JSON; numpy scalars and arrays become numbers and lists."""
    write_text(path, json.dumps(dictionary, indent=2, default=_plain))


def read_json(path: str | os.PathLike) -> dict[str, Any]:
    """Reads a dictionary that `write_json` wrote.

    Raises:
        UserError: the file is missing or holds no dictionary.
    """
    try:
        content = json.loads(Path(path).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} could not be read as JSON: {error}.") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no dictionary as JSON, but a {type(content).__name__}.")
    return content


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
