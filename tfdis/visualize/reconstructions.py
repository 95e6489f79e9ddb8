"""Reconstructions beside their inputs."""

import os

import numpy as np

from tfdis.visualize.sheet import Label, Sheet
from tfdis.visualize.style import save_png


def draw_reconstructions(
    path: str | os.PathLike, images: np.ndarray, reconstructions: np.ndarray, columns: int = 10
) -> None:
    """Writes a PNG: rows of inputs, each with the row of its reconstructions below.

    Args:
        path: the file.
        images: floats in [0, 1], `[num_images, height, width, channels]`.
        reconstructions: as `images`.
        columns: images per row.
    """
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    missing = np.ones((rows * columns - len(images), *images.shape[1:]))
    pairs = np.stack(
        [
            np.concatenate([part, missing]).reshape(rows, columns, *images.shape[1:])
            for part in (images, reconstructions)
        ],
        axis=1,
    )
    sheet = Sheet(
        2 * rows,
        columns,
        images.shape[1:],
        row_labels=[Label("input"), Label("reconstruction")] * rows,
        group_rows=2,
    )
    save_png(path, sheet.filled(pairs.reshape(2 * rows, columns, *images.shape[1:])), sheet.dpi)
