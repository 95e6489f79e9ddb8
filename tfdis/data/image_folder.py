"""The user's own folder of images."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import gin
import numpy as np
from annotated_types import Interval

from tfdis.config import configurable
from tfdis.data.files import reading, unpacked
from tfdis.data.labelled import LabelledData
from tfdis.data.named import named_data
from tfdis.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@named_data("image_folder", source="a folder of your own", licence="your own")
@configurable("image_folder")
def image_folder(
    path: str = gin.REQUIRED,
    side: Annotated[int, Interval(ge=1, le=4096)] = 64,
    num_channels: Literal[1, 3] = 3,
) -> LabelledData:
    """All images below a folder, without factors.

    Args:
        path: the folder.
        side: images are cut to their central square and scaled to side x side pixels.
        num_channels: 3, or 1 for grey.

    Raises:
        UserError: there is no such folder, no image in it, or a damaged one.
    """
    return LabelledData(scaled_images(list_images(Path(path)), side, num_channels, "image_folder"))


def list_images(folder: Path) -> list[Path]:
    """The image files below a folder, ordered by path.

    Raises:
        UserError: there is no such folder, or no image in it.
    """
    files = [
        os.path.join(directory, name)  # noqa: PTH118 (ten times faster, for 200,000 files)
        for directory, _, names in os.walk(folder)
        for name in names
        if os.path.splitext(name)[1].lower() in _SUFFIXES  # noqa: PTH122
    ]
    if not files:
        raise UserError(
            f"{folder} holds no image: name a folder with {', '.join(sorted(_SUFFIXES))} files."
        )
    return [Path(file) for file in sorted(files)]


def scaled_images(paths: list[Path], side: int, num_channels: int, name: str) -> np.ndarray:
    """The central squares of images, scaled; uint8 `[num_images, side, side, channels]`.

    Decoded into the cache once, and again after files were added or removed; an image that was
    edited in place is not noticed.
    """

    def chunks() -> Iterator[np.ndarray]:
        decode = partial(_decoded, side=side, num_channels=num_channels)
        with ThreadPoolExecutor() as threads:  # Pillow decodes outside of Python's lock
            for start in range(0, len(paths), 1024):
                yield np.stack(list(threads.map(decode, paths[start : start + 1024])))

    shape = (len(paths), side, side, num_channels)
    folders = sorted({path.parent for path in paths})
    return unpacked(name, folders, shape, chunks)


def _opened(path: Path) -> "Image.Image":
    """An image with unread pixels; raises a ValueError where they would fill the memory."""
    from PIL import Image

    try:
        image = Image.open(path)
    except Image.DecompressionBombError as error:
        raise ValueError(str(error)) from error
    if image.width * image.height > Image.MAX_IMAGE_PIXELS:
        size = f"{image.width} x {image.height}"
        raise ValueError(f"it unpacks to {size} pixels, more than {Image.MAX_IMAGE_PIXELS:,}")
    return image


def _decoded(path: Path, side: int, num_channels: int) -> np.ndarray:
    from PIL import Image, ImageOps

    remedy = "replace it, or take it out of its folder"
    with reading(path, "an image", remedy), _opened(path) as image:
        image = _of_bytes(image).convert("RGB" if num_channels == 3 else "L")
        square = ImageOps.fit(image, (side, side), Image.Resampling.LANCZOS)
        return np.asarray(square).reshape(side, side, num_channels)


def _of_bytes(image: "Image.Image") -> "Image.Image":
    """An image of 8 bits per channel, which Pillow's `convert` only clips deeper ones to."""
    from PIL import Image

    if image.mode in ("I", "F"):
        raise ValueError(f"its pixels have 32 bits (mode {image.mode}): save it with 8 or 16")
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image
