"""What all pictures share: font, sizes, colours, and how they are saved.

Widths are those of a paper's text block, so that a picture set at its own size has text of
`FONT_SIZE` points. Dark blue against light grey stays apart in black and white.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from tfdis.results import written_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT_SIZE = 7  # points
TEXT_WIDTH = 6.5  # inches
DPI = 250
INK = "#1a1a1a"
MAIN = "#1f4e79"
ACCENT = "#d55e00"
FAINT = "#8c8c8c"
PALE = "#b9cde0"

_RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": FONT_SIZE,
    "axes.titlesize": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE,
    "ytick.labelsize": FONT_SIZE,
    "legend.fontsize": FONT_SIZE,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.0,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The settings of all pictures; the user's own matplotlib settings have no effect."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_RC)
        yield


def new_figure(width: float, height: float, dpi: float = DPI) -> "Figure":
    """An empty figure of this size in inches, not in pyplot's list of figures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def pixels(figure: "Figure") -> np.ndarray:
    """A figure as it is drawn: uint8, `[height, width, 3]`."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3].copy()


def save_png(path: str | os.PathLike, image: np.ndarray, dpi: float = DPI) -> None:
    """Writes uint8 `[height, width, 3]` as a PNG with its resolution."""
    from PIL import Image

    with written_aside(path) as partial:
        Image.fromarray(image).save(partial, format="PNG", dpi=(dpi, dpi))


def save_figure(path: str | os.PathLike, figure: "Figure") -> None:
    """Draws a figure and writes it as a PNG."""
    save_png(path, pixels(figure), figure.dpi)


def number(value: float, digits: int = 2) -> str:
    """A number with a true minus sign; a number that rounds to zero has no sign."""
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "\u2212")
