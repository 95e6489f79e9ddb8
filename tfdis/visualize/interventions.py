"""A picture of interventional robustness: a latent against each factor (Suter et al., 2019).

Each latent has a parent, the factor whose value determines it best. A robust latent moves with its
parent, and does not move when another factor moves while the parent is fixed.
"""

import os
from collections.abc import Sequence

import numpy as np

from tfdis.visualize import style

_MAX_LINES = 12  # values of a parent that are distinguished


def held_means(code: np.ndarray, moved: np.ndarray, held: np.ndarray) -> np.ndarray:
    """The mean of a latent at each value of one factor, for each value of another.

    Args:
        code: of one latent, `[samples]`.
        moved: the factor that moves, integers `[samples]`.
        held: the factor that is held, integers `[samples]`.

    Returns:
        `[values of held, values of moved]`; NaN where there is no sample.
    """
    shape = (held.max() + 1, moved.max() + 1)
    place = np.ravel_multi_index((held, moved), shape)
    count = np.bincount(place, minlength=np.prod(shape)).astype(float)
    count[count == 0] = np.nan
    return (np.bincount(place, weights=code, minlength=len(count)) / count).reshape(shape)


def draw_interventions(
    path: str | os.PathLike,
    codes: np.ndarray,
    factors: np.ndarray,
    robustness: np.ndarray,
    factor_names: Sequence[str],
    latents: Sequence[int] | None = None,
) -> None:
    """Writes a row per latent, a column per factor: the latent's mean at each value of the factor.

    In the column of the parent, one line with a band of one standard deviation. In the others, a
    line for each value that the parent is held at (at most twelve of them, evenly spaced), the
    lighter the smaller. A robust latent has level lines there.

    Args:
        path: the PNG file.
        codes: `[samples, num_latents]`.
        factors: integers from 0, `[samples, num_factors]`.
        robustness: of each latent to each factor, `[num_latents, num_factors]`; the parent is the
            factor with the greatest.
        factor_names: one per factor.
        latents: which to draw, from the first row to the last; None: all.
    """
    num_factors = len(factor_names)
    latents = range(len(robustness)) if latents is None else latents
    num_latents = len(latents)
    with style.style():
        left, top = 0.9, 0.25
        width = min(style.TEXT_WIDTH, left + 1.1 * num_factors)
        row = 0.75
        height = top + num_latents * row + 0.3
        figure = style.new_figure(width, height)
        panels = figure.subplots(
            num_latents, num_factors, squeeze=False, sharex="col", sharey="row"
        )
        figure.subplots_adjust(
            left / width, 0.3 / height, 1 - 0.05 / width, 1 - top / height, 0.12, 0.15
        )
        for latent, axes_row in zip(latents, panels):
            parent = int(np.argmax(robustness[latent]))
            for factor, axes in enumerate(axes_row):
                if factor == parent:
                    _draw_parent(axes, codes[:, latent], factors[:, factor])
                else:
                    means = held_means(codes[:, latent], factors[:, factor], factors[:, parent])
                    _draw_held(axes, means)
            score = style.number(robustness[latent, parent])
            middle = np.mean(axes_row[0].get_position().intervaly)
            figure.text(0.05 / width, middle, f"z{latent}\nIRS {score}", va="center")
        for axes, name in zip(panels[0], factor_names):
            axes.set_title(name.replace("_", " "))
        for axes in panels.flat:
            axes.locator_params(nbins=3)
            axes.label_outer()
        style.save_figure(path, figure)


def _draw_parent(axes, code: np.ndarray, factor: np.ndarray) -> None:
    values = np.unique(factor)
    mean = np.array([code[factor == value].mean() for value in values])
    spread = np.array([code[factor == value].std() for value in values])
    axes.fill_between(values, mean - spread, mean + spread, color=style.PALE, linewidth=0)
    axes.plot(values, mean, color=style.ACCENT)


def _draw_held(axes, means: np.ndarray) -> None:
    from matplotlib import colormaps

    shown = np.unique(np.linspace(0, len(means) - 1, min(len(means), _MAX_LINES)).round())
    for value in shown.astype(int):
        seen = np.flatnonzero(np.isfinite(means[value]))
        shade = colormaps["Blues"](0.35 + 0.6 * value / max(1, len(means) - 1))
        axes.plot(seen, means[value, seen], color=shade, linewidth=0.7)
