"""Which images training sees, and how often: splits and correlated factors."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from tfdis.checks import Positive, Seed, Share
from tfdis.config import configurable
from tfdis.data.feeding import Draw, IndependentDraw
from tfdis.errors import UserError

_CHUNK = 1 << 20


class Indexed(Protocol):
    """What is needed of a data set here; see `GroundTruthData`."""

    name: str
    factor_names: tuple[str, ...]
    factors_num_values: list[int]
    num_images: int

    def factors(self, indices: np.ndarray) -> np.ndarray:
        """The factors of these indices."""


def configured_draw(data: Indexed) -> Draw:
    """The draw that gin's `split` and `correlated_factors` describe; uniform without them."""
    parts = [part for part in (split(data), correlated_factors(data)) if part is not None]
    weights = np.prod(parts, axis=0) if parts else None
    if weights is not None and not weights.any():
        raise UserError(
            f"'split' and 'correlated_factors' leave no image of '{data.name}' to train on."
        )
    return IndependentDraw(data.num_images, weights)


@configurable("split")
def split(
    data: Indexed,
    held_out_images: Share = 0.0,
    held_out_combinations: Share = 0.0,
    factors: Sequence[int | str] | None = None,
    seed: Seed = 0,
    part: Literal["train", "held_out"] = "train",
) -> np.ndarray | None:
    """Holds a share of the data out.

    Args:
        data: the data set.
        held_out_images: the share of the images, drawn one by one.
        held_out_combinations: the share of the combinations of factors; all images of a combination
            are held out together.
        factors: by index or by name; the factors whose combinations are meant; None: all.
        seed: of the choice of what is held out; the same whatever the run's seed.
        part: "train", or "held_out" to draw from what is held out instead.

    Returns:
        1 for each image that is drawn, else 0, `[num_images]`; None where nothing is held out.

    Raises:
        UserError: a factor does not exist.
    """
    if not held_out_images and not held_out_combinations:
        return None
    rng = np.random.default_rng(seed)
    held_out = rng.random(data.num_images) < held_out_images
    if held_out_combinations:
        everything = range(len(data.factors_num_values))
        columns = [factor_index(data, factor) for factor in (factors or everything)]
        sizes = [data.factors_num_values[column] for column in columns]
        out = np.zeros(np.prod(sizes), bool)
        out[rng.permutation(len(out))[: round(held_out_combinations * len(out))]] = True
        held_out |= out[_cells(data, columns)]
    return (held_out if part == "held_out" else ~held_out).astype(np.float32)


@configurable("correlated_factors")
def correlated_factors(
    data: Indexed,
    factors: Sequence[int | str] = (),
    sigma: Positive = 0.2,
    joint: Sequence[Sequence[float]] | None = None,
) -> np.ndarray | None:
    """Correlates two factors, after Träuble et al. (2021).

    With both factors scaled to [0, 1], p(a, b) is proportional to exp(-(a - b)^2 / (2 sigma^2)).

    Args:
        data: the data set.
        factors: two, by index or by name; empty: none are correlated.
        sigma: the smaller, the stronger; the paper goes from 0.2 to 0.7.
        joint: p(a, b) itself, up to a factor, `[values of the first, values of the second]`.

    Returns:
        The weight of each image, `[num_images]`; None where no factors are named.

    Raises:
        UserError: there are not two factors, they do not exist, or `joint` has another shape.
    """
    if not factors:
        return None
    columns = [factor_index(data, factor) for factor in factors]
    if len(set(columns)) != 2:
        raise UserError(f"correlated_factors needs two different factors, not {list(factors)}.")
    sizes = [data.factors_num_values[column] for column in columns]
    if joint is None:
        one, other = (np.linspace(0, 1, size) for size in sizes)
        weights = np.exp(-((one[:, None] - other) ** 2) / (2 * sigma**2))
    else:
        weights = np.asarray(joint, np.float64)
        if list(weights.shape) != sizes or weights.min() < 0 or not weights.any():
            raise UserError(
                f"correlated_factors.joint has shape {weights.shape}; it has to be a table of "
                f"{sizes[0]} x {sizes[1]} numbers from 0 up, not all of them 0."
            )
    return weights.ravel()[_cells(data, columns)].astype(np.float32)


def factor_index(data: Indexed, factor: int | str) -> int:
    """The place of a factor that is given by index or by name.

    Raises:
        UserError: it does not exist; names those that do.
    """
    names = data.factor_names
    if factor in names:
        return names.index(factor)
    if not isinstance(factor, str) and 0 <= factor < len(names):
        return int(factor)
    known = ", ".join(f"{i} {name}" for i, name in enumerate(names)) or "none"
    raise UserError(f"'{data.name}' has no factor {factor!r}; its factors are: {known}.")


def _cells(data: Indexed, columns: Sequence[int]) -> np.ndarray:
    """For each image, the number of its combination of these factors."""
    sizes = [data.factors_num_values[column] for column in columns]
    cells = np.empty(data.num_images, np.int64)
    for start in range(0, data.num_images, _CHUNK):
        indices = np.arange(start, min(start + _CHUNK, data.num_images))
        cells[indices] = np.ravel_multi_index(tuple(data.factors(indices)[:, columns].T), sizes)
    return cells
