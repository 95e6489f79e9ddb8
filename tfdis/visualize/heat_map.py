"""A heat map of a matrix of latents and factors."""

import math
import os
from collections.abc import Sequence

import numpy as np

from tfdis.visualize import style

_MAX_NAME = 40  # letters of a factor's name, so that the matrix keeps its room


def draw_heat_map(
    path: str | os.PathLike,
    matrix: np.ndarray,
    factor_names: Sequence[str],
    title: str = "",
    dead: Sequence[bool] = (),
) -> None:
    """Writes a heat map, a row per factor, a column per latent.

    Args:
        path: the file.
        matrix: not negative, `[num_latents, num_factors]`; white is 0, the darkest its greatest
            value, or 1 where all are below.
        factor_names: one per factor.
        title: what the numbers mean; may be empty.
        dead: per latent; the name of a dead one is faint.
    """
    num_latents, num_factors = matrix.shape
    scale = max(1.0, float(np.nanmax(matrix, initial=0.0)))
    names = [_label(name) for name in factor_names]
    with style.style():
        label_inches = 0.15 + 0.06 * max(map(len, names))
        cell = min(0.4, (style.TEXT_WIDTH - label_inches - 0.7) / num_latents)
        row = max(0.2, min(cell, 0.3))
        width = max(label_inches + num_latents * cell + 0.7, 0.15 + 0.055 * len(title))
        height = num_factors * row + (0.5 if title else 0.32)
        figure = style.new_figure(width, height)
        box = (
            label_inches / width,
            0.22 / height,
            num_latents * cell / width,
            num_factors * row / height,
        )
        axes = figure.add_axes(box)
        shown = axes.imshow(matrix.T, cmap="Blues", vmin=0, vmax=scale, aspect="auto")
        axes.set_yticks(np.arange(num_factors), names)
        named = np.arange(0, num_latents, math.ceil(0.18 / cell))
        axes.set_xticks(named, [f"z{latent}" for latent in named])
        for latent, name in zip(named, axes.get_xticklabels()):
            if len(dead) and dead[latent]:
                name.set_color(style.FAINT)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        figure.text(0.07 / width, 1 - 0.08 / height, title, ha="left", va="top")
        if cell >= 0.25:
            for latent, factor in np.argwhere(matrix >= 0.005 * scale):
                value = matrix[latent, factor]
                colour = "white" if value > 0.55 * scale else style.INK
                axes.text(latent, factor, f"{value:.2f}", ha="center", va="center", color=colour)
        bar_box = (box[0] + box[2] + 0.1 / width, box[1], 0.08 / width, box[3])
        bar = figure.colorbar(shown, cax=figure.add_axes(bar_box), ticks=[0, scale / 2, scale])
        bar.ax.set_yticklabels([f"{tick:.2g}" for tick in (0, scale / 2, scale)])
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=0)
        style.save_figure(path, figure)


def _label(name: str) -> str:
    name = name.replace("_", " ")
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 1]}…"
