"""A picture of matrices: the context, the gap, and the answers with the right one framed."""

import os

import numpy as np

from tfdis.keys import step_key
from tfdis.reasoning.feed import NUM_PANELS, MatrixDraw
from tfdis.reasoning.matrices import NUM_ANSWERS, SIDE, MatrixRules
from tfdis.reasoning.panels import Panels
from tfdis.visualize.sheet import Label, Sheet
from tfdis.visualize.style import save_png

_COLUMNS = NUM_ANSWERS // SIDE
_GREY = 0.92  # of the panel that is missing


def draw_matrices(
    path: str | os.PathLike, panels: Panels, rules: MatrixRules, num_matrices: int, seed: int = 0
) -> None:
    """Writes a PNG: each matrix in three rows, its answers beside it, the right one framed.

    Args:
        path: the file.
        panels: what the panels are images of.
        rules: how matrices are made.
        num_matrices: how many.
        seed: of the matrices, and of what is no factor in their images.
    """
    batch = num_matrices * NUM_PANELS
    draw, key = MatrixDraw(panels, rules), step_key(seed, 0)
    values = np.asarray(draw.values(key, batch))
    images = panels.images(values, np.random.RandomState(seed))
    images = images.reshape(num_matrices, NUM_PANELS, *images.shape[1:])
    right = np.asarray(draw.matrices(key, batch).position)
    context, answers = np.split(images, [SIDE * SIDE - 1], axis=1)
    missing = np.full_like(images[:, :1], _GREY)
    between = np.ones_like(images[:, :SIDE, None])
    shape = (num_matrices, SIDE)
    cells = np.concatenate(
        [
            np.concatenate([context, missing], axis=1).reshape(*shape, SIDE, *images.shape[2:]),
            between,
            answers.reshape(*shape, _COLUMNS, *images.shape[2:]),
        ],
        axis=2,
    )
    heads = ["", "matrix", "", "", "answers", ""]
    sheet = Sheet(
        num_matrices * SIDE,
        cells.shape[2],
        images.shape[2:],
        column_labels=[Label(head) for head in heads],
        group_rows=SIDE,
    )
    marks = [
        (SIDE * number + place // _COLUMNS, SIDE + 1 + place % _COLUMNS)
        for number, place in enumerate(right)
    ]
    save_png(path, sheet.filled(cells.reshape(-1, *cells.shape[2:]), marks), sheet.dpi)
