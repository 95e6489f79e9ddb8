"""The user's own .npy or .npz file."""

import math
import os
import zipfile
from pathlib import Path
from typing import IO

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.data.files import reading
from tfdis.data.labelled import LabelledData
from tfdis.data.named import named_data
from tfdis.errors import UserError

_NAMES = ("images", "factors", "factor_names")
# Images compress to a hundredth at best (as dSprites does), an array of zeros to a thousandth.
_MOST_COMPRESSED = 500
_LEAST_BOMB = 1 << 30  # bytes


@named_data("array_file", source="a file of your own", licence="your own")
@configurable("array_file")
def array_file(path: str = gin.REQUIRED) -> LabelledData:
    """Images from an .npy file, or from an .npz with or without factors.

    Args:
        path: an .npy with images, which is memory-mapped; or an .npz with "images" and, if you have
            them, "factors" (integers from 0, `[num_images, num_factors]`) and "factor_names".
            Images are uint8, or floats in [0, 1]: `[num_images, height, width(, channels)]`.

    Raises:
        UserError: the file is missing or damaged, or holds something else.
    """
    file = Path(path)
    if not file.is_file():
        raise UserError(f"array_file.path: there is no file {file.resolve()}.")
    arrays: dict[str, np.ndarray] = {}
    with reading(file, "an .npy of images, or an .npz with 'images'", "write it again"):
        if file.suffix == ".npy":
            with file.open("rb") as stream:
                _header(stream)  # np.load would take an .npz, whatever its name
            arrays["images"] = np.load(file, mmap_mode="c", allow_pickle=False)
        else:
            _refuse_bomb(file)
            with np.load(file, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in _NAMES if name in archive}
            arrays["images"]  # a KeyError names what is missing
        names = arrays.get("factor_names")
        if names is not None and (names.ndim != 1 or names.dtype.kind not in "US"):
            raise ValueError(f"its 'factor_names' are {names.dtype} of shape {names.shape}")
    names = None if names is None else names.astype(str).tolist()
    return LabelledData(arrays["images"], arrays.get("factors"), names, file.name)


def _refuse_bomb(file: Path) -> None:
    """Raises a ValueError where an archive would fill the memory, by what its headers declare."""
    with zipfile.ZipFile(file) as archive:
        for name in _NAMES:
            if f"{name}.npy" not in archive.namelist():
                continue
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as stream:
                shape, dtype = _header(stream)
            size = math.prod(shape) * dtype.itemsize
            is_bomb = size > max(_LEAST_BOMB, _MOST_COMPRESSED * info.compress_size)
            if is_bomb or size > _memory() / 2:
                raise ValueError(
                    f"its '{name}' unpacks from {info.compress_size / 1e6:,.1f} MB to "
                    f"{size / 1e9:,.1f} GB, too much to be read at once; an .npy is not unpacked"
                )


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and type that the beginning of an .npy file declares."""
    version = np.lib.format.read_magic(stream)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, _, dtype = read(stream)
    return shape, dtype


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
