"""Draws all pictures of a model."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import gin
import numpy as np
from annotated_types import Interval

from tfdis.checks import Count, Index, NotNegative, Positive, Seed
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError
from tfdis.metrics.arrays import FEWEST_SAMPLES
from tfdis.metrics.irs import irs
from tfdis.results import write_text
from tfdis.visualize import (
    charts,
    conditions,
    information,
    interventions,
    reconstructions,
    samples,
    traversals,
)
from tfdis.visualize.heat_map import draw_heat_map
from tfdis.visualize.latents import DEAD_BELOW, aggregate_posterior_quantiles
from tfdis.visualize.material import Material, Trained, gather

_FRAMES = 21
_Columns = Annotated[int, Interval(ge=1, le=1000)]  # of a picture, which grows with them
_MAX_VALUES = 500  # of a factor in the interventions: ids and times are no factors to hold
_MAX_FACTORS = 10  # columns of the interventions, and rows, that a page has room for
_MAX_ROWS = 10


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The result of drawing.

    Attributes:
        paths: the files.
        information: the table of mutual information to print; empty where it was not requested.
    """

    paths: list[Path]
    information: str


@dataclasses.dataclass(frozen=True)
class Settings:
    """The arguments of `draw_all`."""

    traversal_range: float
    traversal_spacing: float
    num_quantiles: int
    num_traversed: int
    max_latents: int
    seed: int


@configurable("draw_all")
def draw_all(
    trained: Trained,
    data: GroundTruthData,
    output_dir: str | os.PathLike,
    progress_file: str | os.PathLike | None = None,
    kinds: Sequence[str] | None = None,
    traversal_range: Positive = 2.0,
    traversal_spacing: Positive = 0.4,
    num_quantiles: _Columns = 10,
    num_random: _Columns = 10,
    num_traversed: Index = 2,
    num_images: Count = 10_000,
    max_latents: Count = 20,
    dead_below: NotNegative = DEAD_BELOW,
    seed: Seed = 0,
) -> Pictures:
    """Draws a model's pictures into a directory; each file is complete or absent.

    Args:
        trained: the model; see `Trained` for what it needs.
        data: the data set that it was trained on.
        output_dir: where the files go; files of the same names are replaced.
        progress_file: progress.jsonl of the training; None, or a file that a short run
            has not begun: no learning curves.
        kinds: which pictures, of `KINDS`; None: all.
        traversal_range: the fixed range's traversals go from minus this to this.
        traversal_spacing: the distance of neighbours in it.
        num_quantiles: columns of the traversals over the aggregate posterior, at the middles of
            as many equal parts of its mass.
        num_random: random images to reconstruct.
        num_traversed: how many of them to traverse, in addition to the fixed ones.
        num_images: images for the KL, the quantiles and the mutual information.
        max_latents: latents to traverse, those of greatest KL.
        dead_below: KL in nats below which a latent counts as dead.
        seed: of all that is drawn at random.

    Raises:
        UserError: a kind does not exist, or a file cannot be written.
    """
    refuse_unknown(kinds)
    material = gather(trained, data, num_images, num_random, dead_below, seed, progress_file)
    settings = Settings(
        traversal_range,
        traversal_spacing,
        num_quantiles,
        min(num_traversed, num_random),
        max_latents,
        seed,
    )
    out = Path(output_dir)
    paths = [path for kind in kinds or KINDS for path in KINDS[kind](out, material, settings)]
    tables = [path.read_text() for path in paths if path.suffix == ".txt"]
    return Pictures(paths, "".join(tables))


def refuse_unknown(kinds: Sequence[str] | None) -> None:
    """Raises a UserError where one of the kinds to draw does not exist."""
    unknown = [kind for kind in kinds or () if kind not in KINDS]
    if unknown:
        raise UserError(
            f"draw_all.kinds names '{unknown[0]}'; the kinds of pictures are {', '.join(KINDS)}."
        )


def refuse_unknown_binding() -> None:
    """Raises a UserError where gin's `draw_all.kinds` has one that does not exist."""
    with contextlib.suppress(ValueError):  # it is not bound
        refuse_unknown(gin.query_parameter("draw_all.kinds"))


def _reconstructions(out: Path, material: Material, settings: Settings) -> list[Path]:
    paths = [out / "reconstructions_fixed.png", out / "reconstructions_random.png"]
    for path, shown in zip(paths, (material.fixed, material.random)):
        reconstructions.draw_reconstructions(path, shown.images, shown.reconstructions())
    return paths


def _traversals(out: Path, material: Material, settings: Settings) -> list[Path]:
    values = traversals.range_values(settings.traversal_range, settings.traversal_spacing)
    levels = _levels(settings.num_quantiles)
    axes = {
        "range": (_everywhere(values, material), traversals.range_names(values)),
        "quantiles": (_quantiles(levels, material, settings), traversals.quantile_names(levels)),
    }
    if material.latent_values is not None:
        table = _table(material.latent_values)
        axes = {"values": (table, [str(number) for number in range(table.shape[1])])}
    paths = []
    for name, code, decode in _traversed(material, settings):
        for over, (values, names) in axes.items():
            paths.append(out / f"traversal_{over}_{name}.png")
            traversals.draw_traversal(
                paths[-1], decode, code, material.summary, values, names, settings.max_latents
            )
    return paths


def _animations(out: Path, material: Material, settings: Settings) -> list[Path]:
    _, codes, decodes = zip(*_traversed(material, settings))
    limit = settings.traversal_range
    axes = {
        "range": _everywhere(np.linspace(-limit, limit, _FRAMES), material),
        "quantiles": _quantiles(_levels(_FRAMES), material, settings),
    }
    if material.latent_values is not None:
        axes = {"values": _table(material.latent_values)}
    paths = []
    for over, values in axes.items():
        paths.append(out / f"traversals_{over}.gif")
        traversals.animate_traversals(
            paths[-1], decodes, np.stack(codes), material.summary, values, settings.max_latents
        )
    return paths


def _conditions(out: Path, material: Material, settings: Settings) -> list[Path]:
    paths = []
    first = 0
    for name, classes in material.label_groups:
        for shown, which in ((material.fixed, "fixed"), (material.random, "random")):
            path = out / f"condition_{name}_{which}.png"
            animation = path.with_suffix(".gif")
            shared = (shown.decode, shown.images, shown.codes, shown.labels, first)
            conditions.draw_condition_traversal(path, *shared, classes)
            conditions.animate_condition_traversal(animation, *shared, len(classes))
            paths += [path, animation]
        first += len(classes)
    return paths


def _samples(out: Path, material: Material, settings: Settings) -> list[Path]:
    if material.sample is None:
        return []
    paths = []
    first = 0
    for name, classes in material.label_groups:
        paths.append(out / f"samples_{name}.png")
        samples.draw_samples_of_classes(
            paths[-1], material.sample, material.random.labels, first, classes
        )
        first += len(classes)
    if not paths:
        paths.append(out / "samples.png")
        samples.draw_samples(paths[-1], material.sample)
    return paths


def _kl(out: Path, material: Material, settings: Settings) -> list[Path]:
    path = out / "kl.png"
    charts.draw_kl_chart(path, material.summary)
    return [path]


def _mutual_information(out: Path, material: Material, settings: Settings) -> list[Path]:
    names = material.factor_names
    if not names:
        return []
    table = information.mutual_information_table(material.mean, material.factors, names)
    picture, text = out / "mutual_information.png", out / "mutual_information.txt"
    dead = material.summary.dead
    draw_heat_map(picture, table, names, dead=dead)
    write_text(text, information.information_text(table, names, dead) + "\n")
    return [picture, text]


def _interventions(out: Path, material: Material, settings: Settings) -> list[Path]:
    summary = material.summary
    used = [latent for latent in summary.order if not summary.dead[latent]]
    columns = [np.unique(column, return_inverse=True) for column in material.factors.T]
    moving = [i for i, (found, _) in enumerate(columns) if 1 < len(found) <= _MAX_VALUES]
    names = [material.factor_names[i] for i in moving]
    if not 0 < len(names) <= _MAX_FACTORS or not used or len(material.mean) < FEWEST_SAMPLES:
        return []
    path = out / "interventions.png"
    factors = np.stack([columns[i][1] for i in moving], axis=1)
    robustness = irs(material.mean, factors).matrices["robustness"]
    interventions.draw_interventions(
        path, material.mean, factors, robustness, names, used[:_MAX_ROWS]
    )
    return [path]


def _learning_curves(out: Path, material: Material, settings: Settings) -> list[Path]:
    if not material.curves:
        return []
    path = out / "learning_curves.png"
    charts.draw_learning_curves(path, material.curves)
    return [path]


KINDS: dict[str, Callable[[Path, Material, Settings], list[Path]]] = {
    "reconstructions": _reconstructions,
    "traversals": _traversals,
    "animations": _animations,
    "conditions": _conditions,
    "samples": _samples,
    "kl": _kl,
    "mutual_information": _mutual_information,
    "interventions": _interventions,
    "learning_curves": _learning_curves,
}


def _traversed(
    material: Material, settings: Settings
) -> list[tuple[str, np.ndarray, traversals.Decode]]:
    """The images to traverse: their names, their codes, and how to decode beside their labels."""
    fixed, random = material.fixed, material.random
    return [
        (f"fixed_{i + 1}", fixed.codes[i], fixed.decoder_of(i)) for i in range(len(fixed.images))
    ] + [
        (f"random_{i + 1}", random.codes[i], random.decoder_of(i))
        for i in range(settings.num_traversed)
    ]


def _everywhere(values: np.ndarray, material: Material) -> np.ndarray:
    return np.tile(values, (material.mean.shape[1], 1))


def _table(values: Sequence[np.ndarray]) -> np.ndarray:
    """The values of quantized latents, `[num_latents, most values]`; the last repeats itself."""
    most = max(map(len, values))
    return np.stack([np.pad(each, (0, most - len(each)), "edge") for each in values])


def _levels(num: int) -> np.ndarray:
    return (np.arange(num) + 0.5) / num


def _quantiles(levels: np.ndarray, material: Material, settings: Settings) -> np.ndarray:
    return aggregate_posterior_quantiles(
        material.mean, material.log_variance, levels, settings.seed
    )
