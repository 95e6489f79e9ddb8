"""Downloads the files of a data set: resumed, verified, and renamed when they are complete.

A file may have several addresses; they are tried in turn until one gives what was expected.
"""

import contextlib
import gzip
import hashlib
import http
import http.client
import sys
import tarfile
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from tfdis.config import one_sentence
from tfdis.data.files import RemoteFile, Source, data_dir, place, reading
from tfdis.errors import UserError
from tfdis.progress import ProgressBar
from tfdis.results import staged_directory, written_aside

_CHUNK_BYTES = 1 << 20
_TRIES = 5
_TIMEOUT = 30  # seconds without a byte


def fetch(file: RemoteFile, retry_seconds: float = 2.0) -> Path:
    """Downloads one file; does nothing where it exists.

    When the connection drops, the part that has arrived is kept, and the download continues from
    there, at once or the next time.

    Args:
        file: what to fetch.
        retry_seconds: how long to wait before a dropped connection is taken up again.

    Returns:
        Its place.

    Raises:
        UserError: it has to be downloaded by hand, or no address gives the expected file.
    """
    there = place(file)
    if there is not None:
        print(f"{there} is there.")
        return there
    target = (data_dir() / file.path).absolute()
    if file.by_hand:
        raise UserError(
            f"{target.name} cannot be fetched from a program: get it from {file.url} and put it at "
            f"{target}."
        )
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for source in file.sources:
        # A partial file belongs to its address: another address may give other bytes.
        address = hashlib.sha256(source.url.encode()).hexdigest()[:8]
        arriving = target.with_name(f".{target.name}.{address}.download")
        try:
            _receive(source, arriving, target, retry_seconds)
            _verify(file, source, arriving)
            _put(file, arriving, target)
        except _NotGiven as error:
            failures.append(str(error))
            continue
        arriving.unlink(missing_ok=True)
        return target
    raise UserError(" ".join(failures))


class _NotGiven(UserError):
    """One address does not give the file; another may."""


def _receive(source: Source, arriving: Path, target: Path, retry_seconds: float) -> None:
    """Appends to `arriving` until it is complete."""
    for attempt in range(_TRIES):
        before = _size(arriving)
        try:
            _receive_once(source.url, arriving, target.name)
        except urllib.error.HTTPError as error:
            raise _NotGiven(f"{_unreachable(source, target)} ({error}).") from error
        except (OSError, http.client.HTTPException) as error:
            moved = _size(arriving) > before
            if attempt == _TRIES - 1 or (isinstance(error, urllib.error.URLError) and not moved):
                reason = getattr(error, "reason", error)
                raise _NotGiven(f"{_unreachable(source, target)} ({reason}).") from error
            time.sleep(retry_seconds)
        else:
            return


def _unreachable(source: Source, target: Path) -> str:
    return (
        f"{source.url} could not be fetched: check the network and try again (what has arrived is "
        f"kept), or get it some other way and put what it holds at {target}"
    )


def answer(url: str) -> int | None:
    """Asks an address for the first byte of its file.

    Returns:
        The size of the file in bytes; None where the server does not say.

    Raises:
        UserError: it does not answer, or not with a file; says what it answered.
    """
    request = urllib.request.Request(url, headers={"User-Agent": "tfdis", "Range": "bytes=0-0"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as response:
            response.read(1)
            # "bytes 0-0/SIZE" where the server gives parts of files, else the size of it all.
            size = response.headers.get("Content-Range", "").rpartition("/")[2]
            size = size or response.headers.get("Content-Length", "")
            return int(size) if size.isdigit() else None
    except (OSError, http.client.HTTPException) as error:
        reason = error if isinstance(error, urllib.error.HTTPError) else None
        raise UserError(one_sentence(reason or getattr(error, "reason", error))) from error


def _receive_once(url: str, arriving: Path, name: str) -> None:
    start = _size(arriving)
    headers = {"User-Agent": "tfdis", **({"Range": f"bytes={start}-"} if start else {})}
    request = urllib.request.Request(url, headers=headers)
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # all of it had arrived; what it is worth is verified next
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            start = 0
        length = response.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        progress = ProgressBar(
            None if total is None else total / 1e6, unit="MB", label=name, stream=sys.stderr
        )
        done = start
        progress.start(done / 1e6)
        with _writing(arriving), arriving.open("ab" if start else "wb") as out:
            while content := _read(response):
                out.write(content)
                done += len(content)
                progress.update(done / 1e6)
        progress.close()
    if total is not None and done < total:
        raise http.client.HTTPException(f"the connection dropped after {done} of {total} bytes")


def _read(response: http.client.HTTPResponse) -> bytes:
    """The next bytes; errors of the network are kept apart from those of writing the file."""
    try:
        return response.read(_CHUNK_BYTES)
    except OSError as error:
        raise http.client.HTTPException(error) from error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror or error}.") from error


def _verify(file: RemoteFile, source: Source, arriving: Path) -> None:
    """Compares the MD5, or checks the content; deletes a wrong file."""
    md5, sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    with arriving.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            md5.update(chunk)
            sha256.update(chunk)
    print(f"{source.url}\n  SHA-256 {sha256.hexdigest()}")
    if source.md5 is not None and md5.hexdigest() != source.md5:
        arriving.unlink()
        raise _NotGiven(
            f"{source.url} gave another file than expected: its MD5 is "
            f"{md5.hexdigest()}, expected {source.md5}; it was deleted, try again."
        )
    if file.check is not None:
        try:
            with reading(arriving, f"what {file.path} holds"):
                file.check(arriving)
        except UserError as error:
            arriving.unlink()
            raise _NotGiven(str(error)) from error


def _put(file: RemoteFile, arriving: Path, target: Path) -> None:
    """Moves the downloaded file to its place, unpacked if necessary."""
    if file.unpack is None:
        arriving.replace(target)
        return
    try:
        if file.unpack == "gz":
            with written_aside(target) as partial, partial.open("wb") as out:
                for chunk in _gunzipped(arriving):
                    out.write(chunk)
        else:
            with staged_directory(target) as staged:
                for name, content in _members(arriving, file.unpack.removeprefix("tar:")):
                    (staged / name).write_bytes(content)
    except _Damaged as error:
        arriving.unlink()
        raise _NotGiven(f"{error} It was deleted.") from error


class _Damaged(UserError):
    pass


def _gunzipped(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as content:
            while chunk := content.read(_CHUNK_BYTES):
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise _Damaged(f"{path} is not a complete gzip file: {one_sentence(error)}") from error


def _members(path: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    """The files of one folder of a tar archive, by name."""
    found = False
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                place = PurePosixPath(member.name)
                if member.isfile() and place.parent == PurePosixPath(folder):
                    found = True
                    yield place.name, archive.extractfile(member).read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise _Damaged(f"{path} is not a complete tar archive: {one_sentence(error)}") from error
    if not found:
        raise _Damaged(f"{path} holds no folder {folder}.")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
