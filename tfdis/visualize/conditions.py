"""Condition and attribute traversals: the label moves, the latents stay at an image's own code."""

import os
import textwrap
from collections.abc import Callable, Sequence

import numpy as np

from tfdis.visualize.animation import save_gif
from tfdis.visualize.sheet import SCREEN_DPI, Label, Sheet
from tfdis.visualize.style import save_png

DecodeLabelled = Callable[[np.ndarray, np.ndarray], np.ndarray]


def soft_labels(num_classes: int, between: int) -> np.ndarray:
    """Labels that move from the first class through each one to the last.

    Args:
        num_classes: width of the label; 1 is an attribute that is absent (0) or present (1).
        between: mixed labels between two neighbouring classes.

    Returns:
        float32 array, `[num_labels, num_classes]`; every `between + 1`-th is a pure class.
    """
    stops = class_labels(num_classes)
    position = np.linspace(0, len(stops) - 1, (len(stops) - 1) * (between + 1) + 1)
    low = np.minimum(position.astype(int), len(stops) - 2)
    part = (position - low)[:, None]
    return ((1 - part) * stops[low] + part * stops[low + 1]).astype(np.float32)


def class_labels(num_classes: int) -> np.ndarray:
    """The label of each class, `[classes, num_classes]`; an attribute is absent or present."""
    return np.eye(num_classes) if num_classes > 1 else np.array([[0.0], [1.0]])


def class_heads(class_names: Sequence[str]) -> list[str]:
    """The name of each of `class_labels`; one name stands for an attribute."""
    names = class_names if len(class_names) > 1 else [f"no {class_names[0]}", *class_names]
    return [textwrap.fill(name.replace("_", " "), 9, break_long_words=False) for name in names]


def traverse_condition(
    decode: DecodeLabelled,
    codes: np.ndarray,
    labels: np.ndarray,
    first: int,
    path: np.ndarray,
) -> np.ndarray:
    """Decodes each code with a part of its label set to each label of a path.

    Args:
        decode: codes `[batch, num_latents]` and labels `[batch, width]` to images in [0, 1].
        codes: `[num_images, num_latents]`.
        labels: the images' own labels, `[num_images, width]`.
        first: the column of `labels` at which the part that moves begins.
        path: `[num_labels, num_classes]`, such as `soft_labels` gives.

    Returns:
        Images, `[num_images, num_labels, height, width, channels]`.
    """
    rows, columns = len(codes), len(path)
    moved = np.repeat(labels[:, None], columns, axis=1).astype(np.float32)
    moved[:, :, first : first + path.shape[1]] = path
    images = np.asarray(
        decode(np.repeat(codes, columns, axis=0), moved.reshape(rows * columns, -1))
    )
    return images.reshape(rows, columns, *images.shape[1:])


def draw_condition_traversal(
    path: str | os.PathLike,
    decode: DecodeLabelled,
    inputs: np.ndarray,
    codes: np.ndarray,
    labels: np.ndarray,
    first: int,
    class_names: Sequence[str],
    between: int | None = None,
) -> None:
    """Writes a PNG: a row per image, its input at the left, then a column per label.

    Args:
        path: the file.
        decode: see `traverse_condition`.
        inputs: the images, `[num_images, height, width, channels]`.
        codes: `[num_images, num_latents]`.
        labels: `[num_images, width]`.
        first: see `traverse_condition`.
        class_names: heads the columns of the pure classes; one name stands for an attribute.
        between: mixed labels between two classes; None: two, or fewer where there are many classes.
    """
    if between is None:
        between = min(2, max(0, (10 - len(class_names)) // max(1, len(class_names) - 1)))
    images = traverse_condition(
        decode, codes, labels, first, soft_labels(len(class_names), between)
    )
    heads = class_heads(class_names)
    names = [
        heads[column // (between + 1)] if column % (between + 1) == 0 else ""
        for column in range(images.shape[1])
    ]
    sheet = Sheet(
        len(images),
        1 + images.shape[1],
        images.shape[2:],
        column_labels=[Label(name) for name in ["input", *names]],
    )
    save_png(path, sheet.filled(np.concatenate([inputs[:, None], images], axis=1)), sheet.dpi)


def animate_condition_traversal(
    path: str | os.PathLike,
    decode: DecodeLabelled,
    inputs: np.ndarray,
    codes: np.ndarray,
    labels: np.ndarray,
    first: int,
    num_classes: int,
    between: int = 9,
) -> None:
    """Writes a GIF: a column per image, its input above, and a frame per label.

    Arguments as those of `draw_condition_traversal`.
    """
    images = traverse_condition(decode, codes, labels, first, soft_labels(num_classes, between))
    sheet = Sheet(
        2,
        len(images),
        images.shape[2:],
        row_labels=[Label("input"), Label("label moves")],
        min_dpi=SCREEN_DPI,
    )
    frames = [sheet.filled(np.stack([inputs, images[:, t]])) for t in range(images.shape[1])]
    save_gif(path, frames)
