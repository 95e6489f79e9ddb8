"""Animated GIFs."""

import os
from collections.abc import Sequence

import numpy as np

from tfdis.results import written_aside


def save_gif(path: str | os.PathLike, frames: Sequence[np.ndarray], seconds: float = 4.0) -> None:
    """Writes an animation that runs through its frames and back again, forever.

    All frames share one palette, so that colours do not flicker, and are not dithered, which would
    make the file three times as large; grey frames keep their exact values.

    Args:
        path: the file.
        frames: uint8 arrays of one size, `[height, width, 3]`.
        seconds: duration of one way and back.
    """
    from PIL import Image

    there_and_back = [*frames, *frames[-2:0:-1]]
    if all(_is_grey(frame) for frame in frames):
        images = [Image.fromarray(frame[..., 0]) for frame in there_and_back]
    else:
        palette = Image.fromarray(np.concatenate(frames[:: max(1, len(frames) // 8)])).quantize(
            256, method=Image.Quantize.FASTOCTREE
        )
        images = [
            Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
            for frame in there_and_back
        ]
    with written_aside(path) as partial:
        images[0].save(
            partial,
            format="GIF",
            save_all=True,
            append_images=images[1:],
            duration=max(20, round(1000 * seconds / len(images))),
            loop=0,
        )


def _is_grey(frame: np.ndarray) -> bool:
    return bool(np.all(frame == frame[..., :1]))
