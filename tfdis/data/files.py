"""The files of the data sets: where they are, and how they are read, without pickle.

They are below `$DISENTANGLEMENT_LIB_DATA`, in disentanglement_lib's folders. Compressed data is
unpacked once, to `$TFDIS_CACHE` (by default `~/.cache/tfdis`), and memory-mapped from there; the
cache may be deleted at any time.
"""

import contextlib
import hashlib
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfdis.errors import UserError
from tfdis.results import written_aside

_CHUNK_BYTES = 1 << 24
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, OSError)


@dataclass(frozen=True)
class Source:
    """One address of a file.

    Attributes:
        url: the address.
        md5: of the file, where it has been published.
    """

    url: str
    md5: str | None = None


@dataclass(frozen=True)
class RemoteFile:
    """One file of a data set, and where to get it.

    Attributes:
        path: its place below the data directory.
        url: where `tfdis-data download` gets it first.
        md5: of the file at the URL, where it has been published.
        unpack: "gz" where the URL gives it compressed, or "tar:FOLDER" for an archive of
            which FOLDER becomes `path`.
        check: checks a file whose MD5 has not been published; raises what `reading` turns into a
            sentence.
        alternatives: other files that are used where they exist.
        by_hand: whether the URL is a page to read, since no program can fetch the file.
        mirrors: other addresses, tried in turn where those before do not give the file.
    """

    path: str
    url: str
    md5: str | None = None
    unpack: str | None = None
    check: Callable[[Path], None] | None = None
    alternatives: tuple[str, ...] = ()
    by_hand: bool = False
    mirrors: tuple[Source, ...] = ()

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every address, in the order in which they are tried."""
        return (Source(self.url, self.md5), *self.mirrors)


def data_dir() -> Path:
    """The data directory: `$DISENTANGLEMENT_LIB_DATA`, or the working directory."""
    return Path(os.environ.get("DISENTANGLEMENT_LIB_DATA", "."))


def cache_dir() -> Path:
    """The directory of unpacked data."""
    return Path(os.environ.get("TFDIS_CACHE", Path.home() / ".cache" / "tfdis"))


def place(file: RemoteFile) -> Path | None:
    """Where a file or one of its alternatives is; None where none is there."""
    for path in (*file.alternatives, file.path):
        if (data_dir() / path).exists():
            return (data_dir() / path).absolute()
    return None


def find(name: str, file: RemoteFile) -> Path:
    """The place of a file of the data set `name`.

    Raises:
        UserError: it is not there; says how to get it.
    """
    found = place(file)
    if found is not None:
        return found
    missing = " or ".join(
        str((data_dir() / path).absolute()) for path in (*file.alternatives, file.path)
    )
    download = "" if file.by_hand else f"with `tfdis-data download {name}` or "
    raise UserError(
        f"{missing} is missing, from which the data set '{name}' is read: get it {download}from "
        f"{file.url}, or set $DISENTANGLEMENT_LIB_DATA to the folder that holds "
        f"{Path(file.path).parts[0]}/."
    )


@contextlib.contextmanager
def reading(
    path: Path, expected: str, remedy: str = "delete it and get it again"
) -> Iterator[None]:
    """Turns what goes wrong while a file is read into one sentence that names it.

    Args:
        path: the file.
        expected: what it should hold, to follow "expected".
        remedy: what to do; users are not told to delete their own files.

    Raises:
        UserError: the file is truncated, corrupt, or another file under this name, or may not be
            read.
    """
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error
    except _UNREADABLE as error:
        detail = " ".join(str(error).strip("'").split()) or type(error).__name__
        raise UserError(
            f"{path} is damaged or another file than its name says ({detail}): expected "
            f"{expected}; {remedy}."
        ) from error


class NpzMember:
    """One array of an .npz archive, read in chunks and without pickle.

    Args:
        path: the archive.
        member: the array's name.
        count: how many images it must hold, over all but the trailing axes.
        image_shape: the trailing axes.

    Raises:
        ValueError: the array is not uint8, or has another shape. (Use within `reading`.)
    """

    def __init__(self, path: Path, member: str, count: int, image_shape: Sequence[int]) -> None:
        self.path, self.member, self.count = path, member, count
        self.image_shape = tuple(image_shape)
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(f"{member}.npy")
            with archive.open(info) as stream:
                self._check_header(stream)
                self._header_bytes = stream.tell()
        self._info = info

    def chunks(self) -> Iterator[np.ndarray]:
        """The images in order, uint8 `[some, *image_shape]`."""
        size = int(np.prod(self.image_shape))
        per_chunk = max(1, _CHUNK_BYTES // size)
        with zipfile.ZipFile(self.path) as archive, archive.open(self._info) as stream:
            self._check_header(stream)
            for start in range(0, self.count, per_chunk):
                num = min(per_chunk, self.count - start)
                content = stream.read(num * size)
                if len(content) < num * size:
                    raise EOFError("the archive ends early")
                yield np.frombuffer(content, np.uint8).reshape(num, *self.image_shape)
            stream.read(1)  # at its end, zipfile compares the checksum

    def mapped(self) -> np.ndarray | None:
        """The array memory-mapped inside the archive; None where it is compressed."""
        if self._info.compress_type != zipfile.ZIP_STORED:
            return None
        with self.path.open("rb") as file:
            file.seek(self._info.header_offset)
            local = file.read(30)
        # A local header is 30 bytes, then the name and an extra field of the lengths it gives.
        lengths = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
        offset = self._info.header_offset + 30 + lengths + self._header_bytes
        return np.memmap(self.path, np.uint8, "r", offset, shape=(self.count, *self.image_shape))

    def _check_header(self, stream: zipfile.ZipExtFile) -> None:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read(stream)
        images = int(np.prod(shape[: len(shape) - len(self.image_shape)], dtype=np.int64))
        trailing = shape[len(shape) - len(self.image_shape) :]
        if dtype != np.uint8 or fortran or images != self.count or trailing != self.image_shape:
            raise ValueError(f"its '{self.member}' is {dtype} of shape {shape}")


def unpacked(
    name: str,
    sources: Sequence[Path],
    shape: tuple[int, ...],
    chunks: Callable[[], Iterable[np.ndarray]],
) -> np.memmap:
    """The array that `chunks` gives, memory-mapped from the cache; written there the first time.

    Args:
        name: of the data set, to name the cache's file.
        sources: the files that it is made from; it is written again when they change.
        shape: uint8 `[num_images, ...]`.
        chunks: gives the parts in order, `[some, ...]`.
    """
    stats = [
        (str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in sources
    ]
    key = hashlib.sha256(repr((stats, shape)).encode()).hexdigest()[:12]
    path = cache_dir() / f"{name}-{key}.npy"
    if not path.exists():
        print(f"Unpacking {name} to {path}, once.", file=sys.stderr)
        with written_aside(path) as partial, partial.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for chunk in chunks():
                file.write(np.ascontiguousarray(chunk, np.uint8))
    return np.load(path, mmap_mode="c")  # private: writable, as sharing memory needs
