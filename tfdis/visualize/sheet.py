"""A sheet of images in rows and columns with labels, as the figures of papers have them."""

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np

from tfdis.visualize import style

PRINT_DPI = 200  # at least, for PNG
SCREEN_DPI = 100  # at least, for GIF

_CELL_INCHES = 0.5
_GAP_INCHES = 0.016
_GROUP_INCHES = 0.1
_MARGIN_INCHES = 0.05


@dataclasses.dataclass(frozen=True)
class Label:
    """A row's or a column's label; a faint one is printed in grey."""

    text: str
    faint: bool = False


class Sheet:
    """Draws the labels once; images are then placed beside them pixel by pixel.

    Images are enlarged by a whole number, so that every cell shows exactly the pixels it is given.

    Args:
        rows: number of rows.
        columns: number of columns.
        image_shape: `(height, width, channels)`; 1 channel is shown in grey, 3 are RGB.
        row_labels: one per row, at the left, or none.
        column_labels: one per column, above, or none.
        footnote: a line below, or none.
        group_rows: rows that belong together; a wider gap parts them from the next.
        min_dpi: the least resolution; text and cells have the same size in print at any.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        image_shape: Sequence[int],
        row_labels: Sequence[Label] = (),
        column_labels: Sequence[Label] = (),
        footnote: str = "",
        group_rows: int | None = None,
        min_dpi: float = PRINT_DPI,
    ):
        height, width, _ = image_shape
        self._shape = (rows, columns)
        self._scale = math.ceil(min_dpi * _CELL_INCHES / max(height, width))
        self.dpi = self._scale * max(height, width) / _CELL_INCHES
        self._gap = max(2, round(_GAP_INCHES * self.dpi))
        self._cell = (self._scale * height, self._scale * width)
        group = group_rows or rows
        group_gap = round(_GROUP_INCHES * self.dpi)
        self._draw_labels(row_labels, column_labels, footnote, group, group_gap)

    def _draw_labels(
        self,
        row_labels: Sequence[Label],
        column_labels: Sequence[Label],
        footnote: str,
        group: int,
        group_gap: int,
    ) -> None:
        rows, columns = self._shape
        cell_height, cell_width = self._cell
        margin = round(_MARGIN_INCHES * self.dpi)
        with style.style():
            figure = style.new_figure(1, 1, self.dpi)
            texts = [
                [
                    figure.text(0, 0, label.text, color=style.FAINT if label.faint else style.INK)
                    for label in labels
                ]
                for labels in (row_labels, column_labels, [Label(footnote)] if footnote else [])
            ]
            boxes = [[text.get_window_extent() for text in group_] for group_ in texts]
            label_width = max((math.ceil(box.width) + margin for box in boxes[0]), default=0)
            top = max((math.ceil(box.height) + margin for box in boxes[1]), default=0)
            bottom = max((math.ceil(box.height) + 2 * margin for box in boxes[2]), default=0)
            footnote_width = max((math.ceil(box.width) for box in boxes[2]), default=0)

            # Half of the first and the last column's label may hang over the cells' edges.
            hang = max((math.ceil((box.width - cell_width) / 2) for box in boxes[1]), default=0)
            left = margin + max(label_width, hang)
            self._tops = [
                margin + top + row * (cell_height + self._gap) + row // group * group_gap
                for row in range(rows)
            ]
            self._lefts = [left + column * (cell_width + self._gap) for column in range(columns)]
            total_width = max(
                self._lefts[-1] + cell_width + margin + max(hang, 0),
                left + footnote_width + margin,
            )
            total_height = self._tops[-1] + cell_height + margin + bottom
            figure.set_size_inches(total_width / self.dpi, total_height / self.dpi)

            def place(text, x: float, y: float, **alignment: str) -> None:
                text.set(x=x / total_width, y=1 - y / total_height, **alignment)

            for text, y in zip(texts[0], self._tops):
                place(text, left - margin, y + cell_height / 2, ha="right", va="center")
            for text, x in zip(texts[1], self._lefts):
                middle = x + cell_width / 2
                place(text, middle, margin + top - margin / 2, ha="center", va="bottom")
            for text in texts[2]:
                place(text, left, total_height - margin, ha="left", va="bottom")
            self._background = style.pixels(figure)[:total_height, :total_width]

    def cell_box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Where a cell is: `(left, top, right, bottom)` in pixels, as Pillow's crop takes it."""
        left, top = self._lefts[column], self._tops[row]
        return left, top, left + self._cell[1], top + self._cell[0]

    def filled(self, images: np.ndarray, marks: Iterable[tuple[int, int]] = ()) -> np.ndarray:
        """The sheet with these images.

        Args:
            images: floats in [0, 1], `[rows, columns, height, width, channels]`.
            marks: `(row, column)` of the cells to frame; the frame lies outside the cell.

        Returns:
            uint8 array, `[sheet height, sheet width, 3]`.
        """
        canvas = self._background.copy()
        frame = self._gap
        colour = tuple(bytes.fromhex(style.ACCENT[1:]))
        for row, column in marks:
            left, top, right, bottom = self.cell_box(row, column)
            canvas[top - frame : bottom + frame, left - frame : right + frame] = colour
        for row, column in np.ndindex(*self._shape):
            left, top, right, bottom = self.cell_box(row, column)
            cell = as_bytes(images[row, column])
            cell = cell.repeat(self._scale, axis=0).repeat(self._scale, axis=1)
            canvas[top:bottom, left:right] = cell
        return canvas


def as_bytes(images: np.ndarray) -> np.ndarray:
    """Floats in [0, 1] as uint8; what lies outside is clipped."""
    return np.round(255 * np.clip(images, 0.0, 1.0)).astype(np.uint8)
