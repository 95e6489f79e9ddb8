"""Images with any labels or none: attributes of photographs, the user's own arrays."""

import functools
import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfdis.batch import refuse_other_pixels
from tfdis.data.feeding import ravel
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.stored import StoredImages
from tfdis.errors import UserError
from tfdis.keys import uniform

# Frequencies and classes are counted value by value.
_MAX_VALUE = 999_999


class LabelledData(StoredImages, GroundTruthData):
    """Images in any order, each with a row of factors.

    The rows need not cover the grid of the factors' values, and several images may share one:
    `sample_factors` draws the row of a random image, and an image is drawn among those of a row.

    Args:
        images: uint8, or floats in [0, 1]; `[num_images, height, width(, channels)]`.
        factors: integers from 0, `[num_images, num_factors]`; None: there are none.
        factor_names: one name per factor.
        name: of the data set.

    Raises:
        UserError: the arrays do not fit, or the pixels do not lie in [0, 1].

    Example:
        >>> data = LabelledData(images, factors, ["digit"])
        >>> feed = data.feed()
    """

    def __init__(
        self,
        images: np.ndarray,
        factors: np.ndarray | None = None,
        factor_names: Sequence[str] | None = None,
        name: str = "arrays",
    ) -> None:
        self.name = name
        self.stored = _checked_images(images)
        self.observation_shape = list(self.stored.shape[1:])
        self._factors = _checked_factors(factors, len(self.stored))
        num_factors = self._factors.shape[1]
        names = [factor_names] if isinstance(factor_names, str) else factor_names
        self.factor_names = tuple(names or (f"factor_{i}" for i in range(num_factors)))
        if len(self.factor_names) != num_factors:
            raise UserError(
                f"There are {num_factors} factors and {len(self.factor_names)} factor_names: "
                f"{', '.join(self.factor_names)}; give one name for each."
            )
        self.factors_num_values = [int(column.max()) + 1 for column in self._factors.T]

    @property
    def num_images(self) -> int:
        """How many images there are."""
        return len(self.stored)

    @property
    def covers_grid(self) -> bool:
        """See `GroundTruthData.covers_grid`."""
        size = math.prod(self.factors_num_values)
        return size <= self.num_images and len(self._groups) == size

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`; floats are rounded to bytes."""
        images = super().images(indices)
        return images if images.dtype == np.uint8 else np.rint(255 * images).astype(np.uint8)

    def factors(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.factors`."""
        return self._factors[indices]

    def graph_factors(self, indices: tf.Tensor) -> tf.Tensor:
        """See `GroundTruthData.graph_factors`."""
        with tf.init_scope():  # eager, so that the graph captures it by reference
            table = tf.constant(self._factors, tf.int32)
        return tf.gather(table, indices)

    def value_frequencies(self) -> list[np.ndarray]:
        """See `GroundTruthData.value_frequencies`."""
        return [
            np.bincount(column, minlength=size) / len(column)
            for column, size in zip(self._factors.T, self.factors_num_values)
        ]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """The factors of `num` random images."""
        return self._factors[random_state.randint(self.num_images, size=num)]

    def index_of(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """See `GroundTruthData.index_of`; draws among the images that share a row."""
        factors = np.ascontiguousarray(factors, np.int64)
        if not self.num_factors:
            return random_state.randint(self.num_images, size=len(factors))
        try:
            choices = [self._groups[row.tobytes()] for row in factors]
        except KeyError as error:
            values = np.frombuffer(error.args[0], np.int64).tolist()
            raise UserError(
                f"No image of '{self.name}' has the factors {values}: its images do not cover the "
                "grid of the factors' values, which this use needs."
            ) from error
        sizes = np.array([len(choice) for choice in choices])
        places = (random_state.random_sample(len(factors)) * sizes).astype(np.int64)
        return np.array([choice[place] for choice, place in zip(choices, places)])

    def graph_index_of(self, factors: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """See `GroundTruthData.graph_index_of`; draws among the images that share a row.

        Only where the images cover the grid: in the graph a row without an image cannot be refused.
        """
        sizes = self.factors_num_values
        cell_of_image = np.ravel_multi_index(tuple(self._factors.T), sizes)
        count = np.bincount(cell_of_image, minlength=math.prod(sizes))
        with tf.init_scope():  # eager, so that the graph captures it by reference
            order = tf.constant(np.argsort(cell_of_image, kind="stable"), tf.int32)
            begin, count = (tf.constant(each, tf.int32) for each in (count.cumsum() - count, count))
        cell = ravel(factors, sizes)
        place = uniform(tf.shape(cell), key) * tf.cast(tf.gather(count, cell), tf.float32)
        return tf.gather(order, tf.gather(begin, cell) + tf.cast(place, tf.int32))

    @functools.cached_property
    def _groups(self) -> dict[bytes, np.ndarray]:
        """The indices of the images that share a row of factors, by the row."""
        rows, group = np.unique(self._factors, axis=0, return_inverse=True)
        order = np.argsort(group, kind="stable")
        parts = np.split(order, np.cumsum(np.bincount(group))[:-1])
        return {row.tobytes(): part for row, part in zip(rows, parts)}


def _checked_images(images: np.ndarray) -> np.ndarray:
    images = np.asanyarray(images)  # which leaves a memory-mapped array so
    if images.ndim == 3:
        images = images[..., None]
    if images.ndim != 4 or not images.size or images.shape[-1] not in (1, 3):
        raise UserError(
            f"Images have to be an array [num_images, height, width, channels] of 1 or 3 channels, "
            f"not one of shape {images.shape}."
        )
    refuse_other_pixels(images)
    return images if images.dtype in (np.uint8, np.float32) else images.astype(np.float32)


def _checked_factors(factors: np.ndarray | None, num_images: int) -> np.ndarray:
    if factors is None or np.shape(factors) == (num_images, 0):
        return np.zeros((num_images, 0), np.int64)
    factors = np.asarray(factors)
    if factors.ndim == 1:
        factors = factors[:, None]
    whole = np.issubdtype(factors.dtype, np.integer) or factors.dtype == bool
    if factors.ndim != 2 or len(factors) != num_images or not whole or np.min(factors) < 0:
        raise UserError(
            f"Factors have to be integers from 0 of shape [{num_images}, num_factors], not "
            f"{factors.dtype} of shape {factors.shape}."
        )
    if np.max(factors) > _MAX_VALUE:
        raise UserError(
            f"A factor has the value {np.max(factors)}, and {_MAX_VALUE} is the highest: number "
            "the values of each factor 0, 1, 2, ... first."
        )
    return np.ascontiguousarray(factors, np.int64)
