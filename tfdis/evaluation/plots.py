"""Pictures of an evaluation: the matrices behind the scores, and scores over training."""

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tfdis.errors import UserError
from tfdis.results import read_json
from tfdis.visualize import charts, style
from tfdis.visualize.mixing import draw_dendrogram, draw_groups

# What a metric's matrix holds, by the name that it saves it under.
_MEANINGS = {
    "importance": "importance of each latent to boosted trees (DCI)",
    "mutual_information": "mutual information (nats)",
    "normalized_mutual_information": "mutual information / entropy of the factor",
    "predictability": "accuracy of a linear classifier of one latent (SAP)",
    "robustness": "interventional robustness (IRS)",
}


def plot_artifacts(artifact_dir: str | os.PathLike) -> list[Path]:
    """Draws every matrix that metrics left below a directory, each beside its file.

    A matrix of what latents know of factors is also drawn as a dendrogram, and as the number of
    factors found and of independent groups, at every threshold.

    Args:
        artifact_dir: such as artifacts/ of an evaluation; it need not exist.

    Returns:
        the pictures' paths.
    """
    paths = []
    for source in sorted(Path(artifact_dir).rglob("*.json")):
        content = read_json(source)
        matrix = np.array(content["matrix"], dtype=float)
        paths.append(source.with_suffix(".png"))
        draw_matrix(paths[-1], matrix, content["factor_names"], _meaning(source.stem))
        # Robustness is no share of a factor that a latent has, and no threshold cuts it.
        if source.stem == "robustness" or matrix.shape[1] < 2 or not matrix.any():
            continue
        for draw, name in ((draw_dendrogram, "dendrogram"), (draw_groups, "groups")):
            paths.append(source.with_name(f"{source.stem}_{name}.png"))
            draw(paths[-1], matrix, content["factor_names"], _meaning(source.stem))
    return paths


def draw_matrix(
    path: str | os.PathLike, matrix: np.ndarray, factor_names: Sequence[str], title: str
) -> None:
    """Writes a heat map, a row per factor, a column per latent.

    Args:
        path: the PNG file.
        matrix: not negative, `[num_latents, num_factors]`; white is 0, the darkest its greatest
            value, or 1 where all are below.
        factor_names: one per factor.
        title: what the numbers mean.
    """
    num_latents, num_factors = matrix.shape
    scale = max(1.0, float(np.nanmax(matrix, initial=0.0)))
    with style.style():
        label_inches = 0.15 + 0.06 * max(len(name) for name in factor_names)
        cell = min(0.4, (style.TEXT_WIDTH - label_inches - 0.7) / num_latents)
        row = max(0.2, min(cell, 0.3))
        title_inches = 0.15 + 0.055 * len(title)
        width = max(label_inches + num_latents * cell + 0.7, title_inches)
        height = num_factors * row + 0.5
        figure = style.new_figure(width, height)
        box = (
            label_inches / width,
            0.22 / height,
            num_latents * cell / width,
            num_factors * row / height,
        )
        axes = figure.add_axes(box)
        shown = axes.imshow(matrix.T, cmap="Blues", vmin=0, vmax=scale, aspect="auto")
        axes.set_yticks(np.arange(num_factors), [name.replace("_", " ") for name in factor_names])
        shown_latents = np.arange(0, num_latents, math.ceil(0.18 / cell))
        axes.set_xticks(shown_latents, [f"z{latent}" for latent in shown_latents])
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


def plot_scores_over_training(progress_file: str | os.PathLike, path: str | os.PathLike) -> None:
    """Draws the scores that a training with the callback `scores` logged, a panel per score.

    Args:
        progress_file: progress.jsonl of the training; a score's name there is `metric.score`.
        path: the PNG file.

    Raises:
        UserError: no score was logged.
    """
    curves = {
        name: curve for name, curve in charts.read_curves(progress_file).items() if "." in name
    }
    if not curves:
        raise UserError(
            f"{progress_file} holds no scores: train with model.callbacks = [@scores()]."
        )
    charts.draw_learning_curves(path, curves)


def _meaning(name: str) -> str:
    return _MEANINGS.get(name, name.replace("_", " "))
