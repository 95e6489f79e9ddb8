"""Animated GIFs."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tfdis.results import written_aside

if TYPE_CHECKING:
    from PIL import Image


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], seconds: float = 4.0) -> None:
    """Writes an animation that runs through its frames and back again, forever.

    Grey frames keep their exact values; a coloured frame is rounded to its best 256 colours,
    without dithering, which would be more visible than the rounding.

    Args:
        path: the file.
        frames: uint8 arrays of one size, `[height, width, 3]`.
        seconds: duration of one way and back.
    """
    from PIL import Image

    if all(_is_grey(frame) for frame in frames):
        there = [Image.fromarray(frame[..., 0]) for frame in frames]
    else:
        there = [_rounded(frame) for frame in frames]
    images = [*there, *there[-2:0:-1]]
    with written_aside(path) as partial:
        images[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=max(20, round(1000 * seconds / len(images))),
            loop=0,
        )


def _rounded(frame: np.ndarray) -> "Image.Image":
    from PIL import Image

    # Every fourth pixel has the colours of all, and is quantized four times as fast.
    palette = Image.fromarray(frame[::2, ::2].copy()).quantize(256, Image.Quantize.MEDIANCUT)
    return Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)


def _is_grey(frame: np.ndarray) -> bool:
    return bool(np.all(frame == frame[..., :1]))
