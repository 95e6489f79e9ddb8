"""Images of codes that are drawn from the prior."""

import os
from collections.abc import Callable, Sequence

import numpy as np

from tfdis.visualize.conditions import class_heads, class_labels
from tfdis.visualize.sheet import Label, Sheet
from tfdis.visualize.style import save_png

# How many and their labels, or None, to images in [0, 1]; the same number draws the same codes.
Sample = Callable[[int, np.ndarray | None], np.ndarray]

_ROWS, _COLUMNS = 5, 10


def draw_samples(path: str | os.PathLike, sample: Sample) -> None:
    """Writes a PNG of fifty samples.

    Args:
        path: the file.
        sample: how many, and no labels, to images `[num_images, height, width, channels]`.
    """
    images = sample(_ROWS * _COLUMNS, None)
    sheet = Sheet(_ROWS, _COLUMNS, images.shape[1:])
    save_png(path, sheet.filled(images.reshape(_ROWS, _COLUMNS, *images.shape[1:])), sheet.dpi)


def draw_samples_of_classes(
    path: str | os.PathLike,
    sample: Sample,
    labels: np.ndarray,
    first: int,
    class_names: Sequence[str],
) -> None:
    """Writes a PNG: a row per class, a column per code.

    Args:
        path: the file.
        sample: how many, and their labels, to images.
        labels: one per column, `[num_columns, width]`; all but the part of the class stays.
        first: the column of `labels` at which that part begins.
        class_names: the names of the classes; one name stands for an attribute.
    """
    rows = []
    for label in class_labels(len(class_names)):
        asked = np.array(labels, np.float32)
        asked[:, first : first + len(label)] = label
        rows.append(sample(len(asked), asked))
    images = np.stack(rows)
    heads = [Label(name) for name in class_heads(class_names)]
    sheet = Sheet(*images.shape[:2], images.shape[2:], row_labels=heads)
    save_png(path, sheet.filled(images), sheet.dpi)
