"""Charts: KL per latent, learning curves."""

import math
import os
from collections.abc import Mapping

import numpy as np

from tfdis.visualize import style
from tfdis.visualize.latents import LatentSummary


def draw_kl_chart(path: str | os.PathLike, summary: LatentSummary) -> None:
    """Writes a bar chart of each latent's KL or spread, greatest first; dead ones are hollow."""
    num_latents = len(summary.weight)
    with style.style():
        width = min(style.TEXT_WIDTH, max(2.0, 1.2 + 0.25 * num_latents))  # the title's width
        figure = style.new_figure(width, 1.8)
        axes = figure.add_axes((0.45 / width, 0.2, 1 - 0.5 / width, 0.68))
        dead = summary.dead[summary.order]
        axes.bar(
            np.arange(num_latents),
            summary.weight[summary.order],
            width=0.7,
            color=np.where(dead, "white", style.MAIN),
            edgecolor=np.where(dead, style.FAINT, style.MAIN),
            linewidth=0.6,
        )
        crowded = num_latents > 40
        axes.set_xticks(np.arange(num_latents), summary.order, rotation=90 if crowded else 0)
        for text, is_dead in zip(axes.get_xticklabels(), dead):
            text.set_color(style.FAINT if is_dead else style.INK)
        axes.tick_params(axis="x", length=0)
        axes.set_xlim(-0.6, num_latents - 0.4)
        axes.set_xlabel("latent")
        axes.set_ylabel("KL (nats)" if summary.unit == "nats" else "standard deviation")
        alive = int(np.sum(~dead))
        total = f", {style.number(summary.weight.sum(), 1)} nats in all"
        title = f"{alive} of {num_latents} latents in use"
        axes.set_title(title + (total if summary.unit == "nats" else ""), loc="right")
        style.save_figure(path, figure)


def draw_learning_curves(
    path: str | os.PathLike, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    """Writes the learning curves, one panel per quantity.

    Args:
        path: the file.
        curves: steps and values by name, see `tfdis.progress_log.read_curves`.
    """
    columns = min(3, len(curves))
    rows = math.ceil(len(curves) / columns)
    with style.style():
        figure = style.new_figure(style.TEXT_WIDTH * columns / 3, 1.35 * rows + 0.2)
        last = max(steps[-1] for steps, _ in curves.values())
        for index, (name, (steps, values)) in enumerate(curves.items()):
            axes = figure.add_subplot(rows, columns, index + 1)
            sparse = len(steps) < 25
            if sparse:
                axes.plot(steps, values, color=style.MAIN, marker=".", clip_on=False)
            else:
                axes.plot(steps, values, color=style.PALE, linewidth=0.5)
                axes.plot(steps, _smooth(values), color=style.MAIN)
            axes.set_title(name.replace("_", " "), loc="left")
            axes.set_xlim(0, max(last, 1))
            axes.locator_params(axis="both", nbins=4)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.4g}".replace("-", "\u2212"))
            axes.xaxis.set_major_formatter(lambda step, _: _thousands(step))
            axes.set_ylim(*_limits(values))
            if index + columns >= len(curves):
                axes.set_xlabel("step")
        figure.tight_layout(pad=0.4, w_pad=1.0, h_pad=0.8)
        style.save_figure(path, figure)


def _smooth(values: np.ndarray) -> np.ndarray:
    """A centred running mean over a fiftieth of the curve, narrower at its ends."""
    half = len(values) // 100
    sums = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    reach = np.minimum(half, np.minimum(index, index[::-1]))
    return (sums[index + reach + 1] - sums[index - reach]) / (2 * reach + 1)


def _limits(values: np.ndarray) -> tuple[float, float]:
    settled = values[len(values) // 20 :]
    low, high = values.min(), values.max()
    # Where the first few steps are so far off that the rest would be a flat line, they are cut.
    if len(values) >= 40 and 0 < 4 * np.ptp(settled) < high - low:
        low, high = settled.min(), settled.max()
    # A curve that is constant except for rounding is shown as constant.
    margin = max(0.05 * (high - low), 0.01 * max(abs(low), abs(high)), 1e-9)
    return low - margin, high + margin


def _thousands(step: float) -> str:
    return f"{step / 1000:g}k" if step >= 1000 else f"{step:g}"
