"""Pictures of an evaluation: the matrices behind the scores, and scores over training."""

import os
from pathlib import Path

import numpy as np

from tfdis.errors import UserError
from tfdis.progress_log import read_curves
from tfdis.results import read_json
from tfdis.visualize import charts
from tfdis.visualize.heat_map import draw_heat_map
from tfdis.visualize.mixing import draw_dendrogram, draw_groups

# The titles of the metrics' matrices, by the names that they are saved under.
_MEANINGS = {
    "importance": "importance of each latent to boosted trees (DCI)",
    "mutual_information": "mutual information (nats)",
    "normalized_mutual_information": "mutual information / entropy of the factor",
    "predictability": "accuracy of a linear classifier of one latent (SAP)",
    "robustness": "interventional robustness (IRS)",
}


def plot_artifacts(artifact_dir: str | os.PathLike) -> list[Path]:
    """Draws every matrix that metrics left below a directory, each beside its file.

    A matrix that relates latents to factors is also drawn as a dendrogram, and as the number of
    factors found and of independent groups at every threshold.

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
        draw_heat_map(paths[-1], matrix, content["factor_names"], _meaning(source.stem))
        # Robustness is not a latent's share of a factor, so a threshold on it means nothing.
        if source.stem == "robustness" or matrix.shape[1] < 2 or not matrix.any():
            continue
        for draw, name in ((draw_dendrogram, "dendrogram"), (draw_groups, "groups")):
            paths.append(source.with_name(f"{source.stem}_{name}.png"))
            draw(paths[-1], matrix, content["factor_names"], _meaning(source.stem))
    return paths


def plot_scores_over_training(progress_file: str | os.PathLike, path: str | os.PathLike) -> None:
    """Draws the scores that a training with the callback `scores` logged, a panel per score.

    Args:
        progress_file: progress.jsonl of the training; a score's name there is `metric.score`.
        path: the PNG file.

    Raises:
        UserError: no score was logged.
    """
    curves = {name: curve for name, curve in read_curves(progress_file).items() if "." in name}
    if not curves:
        raise UserError(
            f"{progress_file} holds no scores: train with model.callbacks = [@scores()]."
        )
    charts.draw_learning_curves(path, curves)


def _meaning(name: str) -> str:
    return _MEANINGS.get(name, name.replace("_", " "))
