"""Which images training sees, and how often: splits and correlated factors."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from tfdis.checks import Fraction, Positive, Seed, Share
from tfdis.config import configurable
from tfdis.data.feeding import Draw, IndependentDraw
from tfdis.data.shifts import CORRELATIONS, HELD_OUT
from tfdis.errors import UserError

_CHUNK = 1 << 20


class Indexed(Protocol):
    """The part of a data set that is needed here; see `GroundTruthData`."""

    name: str
    factor_names: tuple[str, ...]
    factors_num_values: list[int]
    num_images: int

    def factors(self, indices: np.ndarray) -> np.ndarray:
        """The factors of these indices."""


def configured_draw(data: Indexed) -> Draw:
    """The draw that gin describes; see `training_weights`."""
    return IndependentDraw(data.num_images, training_weights(data))


def num_drawn_images(data: Indexed) -> int:
    """How many different images `configured_draw` draws."""
    weights = training_weights(data)
    return data.num_images if weights is None else int(np.count_nonzero(weights))


def training_weights(data: Indexed) -> np.ndarray | None:
    """How often training draws each image, as `split`, `correlated_factors` and `held_out` say.

    Returns:
        relative frequencies, `[num_images]`; None where all images are drawn alike.

    Raises:
        UserError: no image is left.
    """
    weights = _product(seen_part(data), correlated_factors(data))
    if weights is not None and not weights.any():
        raise UserError(
            "'split', 'correlated_factors' and 'held_out' leave no image of "
            f"'{data.name}' to train on."
        )
    return weights


def seen_part(data: Indexed) -> np.ndarray | None:
    """Which images training may see, as `split` and `held_out` say.

    Returns:
        1 for each image that it may see, else 0, `[num_images]`; None where nothing is held out.
    """
    return _product(split(data), held_out(data))


def _product(*parts: np.ndarray | None) -> np.ndarray | None:
    found = [part for part in parts if part is not None]
    return np.prod(found, axis=0) if found else None


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
    pairs: Sequence[Sequence[int | str]] = (),
    confounder: int | str | None = None,
    published: str = "",
) -> np.ndarray | None:
    """Correlates factors, after Träuble et al. (2021) and Roth et al. (2023).

    With both factors scaled to [0, 1], p(a, b) is proportional to exp(-(a - b)^2 / (2 sigma^2));
    several pairs multiply.

    Args:
        data: the data set.
        factors: two, by index or by name; empty: none are correlated.
        sigma: the smaller, the stronger; the paper goes from 0.2 to 0.7.
        joint: p(a, b) itself, up to a factor, `[values of the first, values of the second]`.
        pairs: further pairs of factors.
        confounder: a factor that is correlated with each of the others.
        published: a name of `tfdis.data.shifts.CORRELATIONS`, which gives pairs, confounder and
            sigma.

    Returns:
        The weight of each image, `[num_images]`; None where no factors are named.

    Raises:
        UserError: there are not two factors, they do not exist, or `joint` has another shape.
    """
    if published:
        known = _published(published, CORRELATIONS)
        sigma, pairs, confounder = known.sigma, known.pairs, known.confounder
    all_pairs = [*([factors] if factors else []), *pairs]
    if confounder is not None:
        place = factor_index(data, confounder)
        all_pairs += [(place, i) for i in range(len(data.factor_names)) if i != place]
    if not all_pairs:
        return None
    weights = np.ones(data.num_images)
    for pair in all_pairs:
        weights *= _correlated(data, pair, sigma, joint if pair is factors else None)
    return weights.astype(np.float32)


def _correlated(
    data: Indexed,
    factors: Sequence[int | str],
    sigma: float,
    joint: Sequence[Sequence[float]] | None,
) -> np.ndarray:
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


@configurable("held_out")
def held_out(
    data: Indexed,
    kind: Literal["none", "composition", "interpolation", "extrapolation"] = "none",
    factors: Sequence[int | str] = (),
    share: Fraction = 0.3,
    ranges: Mapping[str, Sequence[int]] | None = None,
    published: str = "",
    part: Literal["train", "held_out"] = "train",
) -> np.ndarray | None:
    """Holds out a region of the grid of factors.

    The kinds are those of Schott et al. (2021), by rules that fit any grid:

    - "composition": the images whose named factors are all in the upper part of their ranges. Every
      value is seen in training, and these combinations of them are not.
    - "interpolation": every other value between the first and the last of each named factor.
    - "extrapolation": the values at the upper end of each named factor.

    Args:
        data: the data set.
        kind: as above.
        factors: by index or by name.
        share: of the images to hold out by composition or extrapolation, as near as a grid allows.
        ranges: by factor the first and the last value, counted from 0, in place of a kind: an image
            is held out where all these factors are within.
        published: a name of `tfdis.data.shifts.HELD_OUT`, which gives ranges.
        part: "train", or "held_out" to draw from what is held out instead.

    Returns:
        1 for each image that is drawn, else 0, `[num_images]`; None where nothing is held out.

    Raises:
        UserError: a factor or a name does not exist, or no factors are named for a kind.
    """
    if published:
        ranges = _published(published, HELD_OUT).ranges
    if ranges is not None:
        columns = [factor_index(data, factor) for factor in ranges]
        out = [_in_range(data, column, *ranges[name]) for column, name in zip(columns, ranges)]
        combine = np.all
    elif kind == "none":
        return None
    else:
        columns = [factor_index(data, factor) for factor in factors]
        if len(columns) < (2 if kind == "composition" else 1):
            raise UserError(
                f"held_out.kind = '{kind}' needs held_out.factors, "
                f"{'two' if kind == 'composition' else 'one'} at least; received {list(factors)}."
            )
        each = share ** (1 / len(columns))
        if kind == "extrapolation":
            each = 1 - (1 - share) ** (1 / len(columns))
        out = [_place(data.factors_num_values[column], kind, each) for column in columns]
        combine = np.all if kind == "composition" else np.any
    values = _values(data, columns)
    held = combine([flags[column] for flags, column in zip(out, values.T)], axis=0)
    return (held if part == "held_out" else ~held).astype(np.float32)


def _place(size: int, kind: str, share: float) -> np.ndarray:
    """Which of a factor's values are held out, bool `[size]`; at least one is, and one is not."""
    values = np.arange(size)
    if kind == "interpolation":
        return (values % 2 == 1) & (values < size - 1)
    return values >= size - min(max(round(share * size), 1), size - 1)


def _in_range(data: Indexed, column: int, *ends: int) -> np.ndarray:
    size = data.factors_num_values[column]
    if len(ends) != 2 or not 0 <= ends[0] <= ends[1] < size:
        raise UserError(
            f"held_out.ranges has {list(ends)} for factor '{data.factor_names[column]}': give its "
            f"first and its last value, from 0 to {size - 1}."
        )
    return (np.arange(size) >= ends[0]) & (np.arange(size) <= ends[1])


def _published(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise UserError(f"No published shift is named '{name}'; there are: {', '.join(known)}.")
    return known[name]


def _values(data: Indexed, columns: Sequence[int]) -> np.ndarray:
    """The values of these factors of every image, `[num_images, columns]`."""
    values = np.empty((data.num_images, len(columns)), np.int32)
    for start in range(0, data.num_images, _CHUNK):
        indices = np.arange(start, min(start + _CHUNK, data.num_images))
        values[indices] = data.factors(indices)[:, columns]
    return values


def factor_index(data: Indexed, factor: int | str) -> int:
    """The index of a factor that is given by index or by name.

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
