"""Images in groups that share factors: the pairs of weak supervision.

Locatello et al., "Weakly-supervised disentanglement without compromises" (2020): the images of a
group share all but k factors, and it is not known which. The first image of a group is drawn like
any image; in the others, k factors are drawn again.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge

from tfdis.config import configurable
from tfdis.data.feeding import Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.sampling import configured_draw, seen_part
from tfdis.errors import UserError
from tfdis.keys import Salt, bits, subkey, uniform

DRAWN = -1  # the k of a group whose number of changed factors is drawn
_LARGEST_TABLE = 1 << 28


@configurable("pairs", denylist=["data"])
def pairs(
    data: GroundTruthData,
    k: Annotated[int, Ge(DRAWN)] = 1,
    group_size: Annotated[int, Ge(2)] = 2,
) -> Draw:
    """Groups of images that share all but k factors.

    Args:
        data: what is drawn from.
        k: how many factors change; -1: a number from 1 to all but one, drawn for each group.
        group_size: images in a group; those after the first also differ from each other in the
            same k factors.

    Raises:
        UserError: the data does not have that many factors.
    """
    chances = np.zeros(_num_factors(data) + 1)
    chances[_possible(data, k)] = 1.0
    return group_draw(data, chances, group_size)


@configurable("dynamics", denylist=["data"])
def dynamics(data: GroundTruthData, k: Annotated[int, Ge(DRAWN)] = 1) -> Draw:
    """Pairs as disentanglement_lib draws them: of every other pair, only one factor changes.

    The default of `model.draw` for a model of groups.

    Args:
        data: what is drawn from.
        k: how many factors change in the other half of the pairs; -1: a number from 1 to all but
            one, drawn for each pair.

    Raises:
        UserError: the data does not have that many factors.
    """
    chances = np.zeros(_num_factors(data) + 1)
    possible = _possible(data, k)
    chances[possible] = 0.5 / len(possible)
    chances[1] += 0.5
    return group_draw(data, chances, 2)


@configurable("listed_pairs", denylist=["data"])
def listed_pairs(data: GroundTruthData, path: str) -> Draw:
    """Groups from the user's own list, drawn with replacement.

    Args:
        data: the data set that the indices refer to.
        path: an .npy file of image indices, integers `[num_groups, group_size]`.

    Raises:
        UserError: the file is not there, or holds something else.
    """
    try:
        with Path(path).open("rb") as file:  # np.load would take an .npz, whatever its name
            groups = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{Path(path).absolute()} is not an .npy file that can be read: expected image "
            "indices [num_groups, group_size]."
        ) from error
    return ListedGroups(data, groups)


def group_draw(data: GroundTruthData, chances: np.ndarray, group_size: int) -> Draw:
    """Groups in which the number of changed factors is drawn with the given probabilities.

    Args:
        data: the data set. Where every combination of factors may be drawn, images are made from
            their factors; otherwise images that share a combination are looked up.
        chances: relative, of each number of changed factors, `[num_factors + 1]`.
        group_size: images in a group.
    """
    if getattr(data, "covers_grid", True) and seen_part(data) is None:
        return GridGroups(data, chances, group_size)
    return LookedUpGroups(data, chances, group_size)


class ListedGroups(Draw):
    """Groups from a list; what their images share is what their factors have in common.

    Args:
        data: the data set that the indices refer to.
        groups: image indices, integers `[num_groups, group_size]`.

    Raises:
        UserError: the file holds another array, or an index lies outside the data.
    """

    def __init__(self, data: GroundTruthData, groups: np.ndarray) -> None:
        whole = np.issubdtype(groups.dtype, np.integer)
        if groups.ndim != 2 or groups.shape[1] < 2 or not len(groups) or not whole:
            raise UserError(
                f"Groups are integers [num_groups, group_size], not {groups.dtype} of shape "
                f"{list(groups.shape)}."
            )
        if groups.min() < 0 or groups.max() >= data.num_images:
            raise UserError(
                f"Groups hold the indices {groups.min()} to {groups.max()}, and '{data.name}' has "
                f"{data.num_images} images."
            )
        self.group_size = groups.shape[1]
        self._groups = tf.constant(groups, tf.int32)
        self._factors = data.graph_factors if data.num_factors else None

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """See `Draw`."""
        size = [batch_size // self.group_size]
        row = bits(size, subkey(key, Salt.GROUPS)) % np.uint32(len(self._groups))
        return tf.reshape(tf.gather(self._groups, tf.cast(row, tf.int32)), [batch_size])

    def shared(self, key: tf.Tensor, batch_size: int) -> tf.Tensor | None:
        """See `Draw`."""
        if self._factors is None:
            return None
        factors = self._factors(self(key, batch_size))
        groups = tf.reshape(factors, [-1, self.group_size, factors.shape[1]])
        same = tf.reduce_all(groups == groups[:, :1], axis=1)
        return tf.repeat(same, self.group_size, axis=0)


class _ChangingGroups(Draw):
    """A draw of groups in which some factors change; which ones is drawn for each group."""

    def __init__(self, data: GroundTruthData, chances: np.ndarray, group_size: int) -> None:
        self.group_size = group_size
        self._data, self._first = data, configured_draw(data)
        self._bounds = np.cumsum(chances / chances.sum(), dtype=np.float32)[:-1]

    def changed(self, key: tf.Tensor, num_groups: int) -> tf.Tensor:
        """The factors that change in each group, bool `[num_groups, num_factors]`."""
        key = subkey(key, Salt.GROUPS)
        number = tf.searchsorted(self._bounds, uniform([num_groups], key), side="right")
        order = tf.argsort(
            uniform([num_groups, self._data.num_factors], subkey(key, Salt.SECOND)), axis=1
        )
        return tf.argsort(order, axis=1) < tf.cast(number, tf.int32)[:, None]

    def shared(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """See `Draw`."""
        changed = self.changed(key, batch_size // self.group_size)
        return tf.repeat(~changed, self.group_size, axis=0)


class GridGroups(_ChangingGroups):
    """Groups of data that has an image of every combination of factors.

    The nuisance is drawn again for every image but the first, as disentanglement_lib does. The
    values of the changed factors are drawn from all values, so one may stay the same.

    Args:
        data: what is drawn from.
        chances: see `group_draw`.
        group_size: images in a group.
    """

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """See `Draw`."""
        num_groups, sizes = batch_size // self.group_size, self._data.factors_num_values
        first = self._first(key, num_groups)
        changed = self.changed(key, num_groups)[:, None]
        factors = self._data.graph_factors(first)[:, None]
        drawn = uniform(
            [num_groups, self.group_size - 1, len(sizes)], subkey(subkey(key, Salt.GROUPS), 2)
        )
        anew = tf.cast(drawn * np.asarray(sizes, np.float32), tf.int32)
        others = tf.reshape(tf.where(changed, anew, factors), [-1, len(sizes)])
        others = self._data.graph_index_of(others, subkey(subkey(key, Salt.GROUPS), 3))
        others = tf.reshape(others, [num_groups, self.group_size - 1])
        return tf.reshape(tf.concat([first[:, None], others], axis=1), [batch_size])


class LookedUpGroups(_ChangingGroups):
    """Groups of data whose images cover only a part of the grid of their factors.

    The other images of a group are drawn among all images with the first one's values of the shared
    factors, including the first: where there is no other, the group repeats one image.

    Args:
        data: what is drawn from.
        chances: see `group_draw`.
        group_size: images in a group.

    Raises:
        UserError: there are too many ways to choose the changed factors.
    """

    def __init__(self, data: GroundTruthData, chances: np.ndarray, group_size: int) -> None:
        super().__init__(data, chances, group_size)
        every = range(data.num_factors)
        choices = [
            choice
            for number in np.flatnonzero(chances)
            for choice in itertools.combinations(every, int(number))
        ]
        if len(choices) * data.num_images > _LARGEST_TABLE:
            raise UserError(
                f"'{data.name}' has {len(choices)} ways to choose the factors that change, too "
                f"many for {data.num_images} images that do not cover the grid: set a smaller k."
            )
        part = seen_part(data)
        allowed = np.arange(data.num_images) if part is None else np.flatnonzero(part)
        factors = data.factors(allowed)
        # For each choice, the images in an order in which those that share the other factors are
        # side by side; and for each image, where its like begin and how many they are.
        order = np.zeros([len(choices), len(allowed)], np.int32)
        begin, count = np.zeros([2, len(choices), data.num_images], np.int32)
        for row, choice in enumerate(choices):
            cell = _cells(np.delete(factors, list(choice), axis=1))
            order[row] = allowed[np.argsort(cell, kind="stable")]
            sizes = np.bincount(cell)
            begin[row, allowed] = (np.cumsum(sizes) - sizes)[cell]
            count[row, allowed] = sizes[cell]
        self._order, self._begin, self._count = map(tf.constant, (order, begin, count))
        self._code = tf.constant(2 ** np.arange(data.num_factors), tf.int64)
        codes = np.array([sum(1 << factor for factor in choice) for choice in choices])
        self._codes, self._rows = tf.constant(np.sort(codes)), tf.constant(np.argsort(codes))

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """See `Draw`."""
        num_groups = batch_size // self.group_size
        first = self._first(key, num_groups)
        changed = tf.cast(self.changed(key, num_groups), tf.int64)
        place = tf.searchsorted(self._codes, tf.reduce_sum(changed * self._code, axis=1))
        row = tf.cast(tf.gather(self._rows, place), tf.int32)
        cell = tf.stack([row, first], axis=1)
        drawn = bits([num_groups, self.group_size - 1], subkey(subkey(key, Salt.GROUPS), 2))
        count = tf.cast(tf.gather_nd(self._count, cell), tf.int64)[:, None]
        within = tf.cast(tf.cast(drawn, tf.int64) % count, tf.int32)
        place = tf.gather_nd(self._begin, cell)[:, None] + within
        others = tf.gather(tf.gather(self._order, row), place, batch_dims=1)
        return tf.reshape(tf.concat([first[:, None], others], axis=1), [batch_size])


def _num_factors(data: GroundTruthData) -> int:
    if data.num_factors < 2:
        raise UserError(
            f"Groups share some factors and differ in others, and '{data.name}' has "
            f"{data.num_factors}: give a list of groups with @listed_pairs."
        )
    return data.num_factors


def _possible(data: GroundTruthData, k: int) -> Sequence[int]:
    """The numbers of factors that may change."""
    if k == DRAWN:
        return range(1, data.num_factors)
    if not 1 <= k <= data.num_factors:
        raise UserError(
            f"k is {k}: '{data.name}' has {data.num_factors} factors, of which 1 to all can "
            "change; -1 draws the number."
        )
    return [k]


def _cells(rows: np.ndarray) -> np.ndarray:
    """Numbers the distinct rows from 0 without gaps; equal rows get the same number."""
    cell = np.zeros(len(rows), np.int64)
    for column in rows.T:
        _, cell = np.unique(cell * (column.max() + 1) + column, return_inverse=True)
    return cell
