"""Which factors a representation mixes: the threshold at which a latent begins to join two of them.

A matrix holds the information of each latent on each factor. Latents and factors are connected
where the matrix reaches a threshold; as the threshold falls, factors are found, and groups of them
merge (Locatello et al., "A sober look at the unsupervised learning of disentangled
representations", 2020, section 5).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfdis.visualize import style


@dataclass(frozen=True)
class Mixing:
    """When factors are found, and when they are joined, as the threshold falls.

    Attributes:
        found: the threshold from which a factor is connected with a latent, `[num_factors]`.
        merges: one row per join, in order: the two groups and the threshold. Groups are numbered as
            in scipy's linkage: the factors first, then each join's result.
        order: the factors, such that joined ones are adjacent.
    """

    found: np.ndarray
    merges: list[tuple[int, int, float]]
    order: list[int]

    def num_found(self, thresholds: np.ndarray) -> np.ndarray:
        """How many factors are connected with a latent at each threshold: recall."""
        return np.sum(self.found[:, None] >= thresholds, axis=0)

    def num_groups(self, thresholds: np.ndarray) -> np.ndarray:
        """How many groups these factors form at each threshold: precision."""
        joined = np.array([threshold for *_, threshold in self.merges])
        return self.num_found(thresholds) - np.sum(joined[:, None] >= thresholds, axis=0)


def mixing(matrix: np.ndarray) -> Mixing:
    """Follows a matrix from its greatest value down to 0.

    Args:
        matrix: not negative, `[num_latents, num_factors]`; 0 means no connection. At least two
            factors.
    """
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import squareform

    # Two factors are joined by a latent that is connected with both; longer paths consist of such
    # steps, as in single linkage.
    joined = np.minimum(matrix[:, :, None], matrix[:, None, :]).max(axis=0)
    # By rank, since a difference of thresholds would not be exact.
    thresholds, rank = np.unique(-joined, return_inverse=True)
    distance = rank.reshape(joined.shape) * (1 - np.eye(len(joined)))
    linkage = hierarchy.linkage(squareform(distance), "single")
    merges = [(int(a), int(b), -float(thresholds[int(at)])) for a, b, at, _ in linkage]
    return Mixing(matrix.max(axis=0), merges, hierarchy.leaves_list(linkage).tolist())


def draw_dendrogram(
    path: str | os.PathLike, matrix: np.ndarray, factor_names: Sequence[str], title: str
) -> None:
    """Writes at which threshold each factor is found (a dot), and joined with which others.

    Args:
        path: the PNG file.
        matrix: not negative, `[num_latents, num_factors]`; at least two factors.
        factor_names: one per factor.
        title: what the numbers of the matrix mean.
    """
    found = mixing(matrix)
    num_factors = len(found.order)
    with style.style():
        axes = _threshold_axes(factor_names, 0.3 + 0.22 * num_factors, title)
        # Of each group: its height, and the threshold from which its line is drawn.
        ends = {
            factor: (float(place), float(found.found[factor]))
            for place, factor in enumerate(found.order)
        }
        for factor in range(num_factors):
            axes.plot(*ends[factor][::-1], "o", color=style.MAIN, markersize=3, clip_on=False)
        for number, (one, other, threshold) in enumerate(found.merges):
            places = [ends[one][0], ends[other][0]]
            for place, begin in (ends.pop(one), ends.pop(other)):
                axes.plot([begin, threshold], [place, place], color=style.MAIN)
            if threshold > 0:
                axes.plot([threshold, threshold], places, color=style.MAIN)
            ends[num_factors + number] = (float(np.mean(places)), threshold)
        axes.set_xlim(matrix.max() * 1.02, 0)
        axes.set_ylim(num_factors - 0.5, -0.5)
        names = [factor_names[factor].replace("_", " ") for factor in found.order]
        axes.set_yticks(np.arange(num_factors), names)
        axes.tick_params(axis="y", length=0)
        style.save_figure(path, axes.figure)


def draw_groups(
    path: str | os.PathLike, matrix: np.ndarray, factor_names: Sequence[str], title: str
) -> None:
    """Writes how many factors are found, and in how many independent groups, at each threshold.

    Args:
        path: the PNG file.
        matrix: not negative, `[num_latents, num_factors]`; at least two factors.
        factor_names: one per factor.
        title: what the numbers of the matrix mean.
    """
    found = mixing(matrix)
    num_factors = len(factor_names)
    thresholds = np.unique(matrix[matrix > 0])[::-1]
    with style.style():
        axes = _threshold_axes([""], 1.5, title)
        counts = (
            (found.num_found(thresholds), "factors found", "--", style.FAINT),
            (found.num_groups(thresholds), "independent groups", "-", style.MAIN),
        )
        for count, name, line, colour in counts:
            axes.step(thresholds, count, where="post", ls=line, color=colour, label=name)
        axes.set_xlim(matrix.max() * 1.02, 0)
        axes.set_ylim(0, num_factors * 1.05)
        axes.set_yticks(np.arange(0, num_factors + 1, max(1, num_factors // 8)))
        axes.set_ylabel("number")
        axes.legend(loc="upper left", frameon=False)
        style.save_figure(path, axes.figure)


def _threshold_axes(labels: Sequence[str], inches: float, title: str):
    """Axes of this height for a falling threshold, with room for the labels on the left."""
    left = 0.35 + 0.055 * max(len(label) for label in labels)
    width, height = left + 3.0, inches + 0.6
    figure = style.new_figure(width, height)
    axes = figure.add_axes((left / width, 0.36 / height, 2.85 / width, inches / height))
    axes.set_xlabel("threshold")
    axes.set_title(title, loc="left")
    return axes
