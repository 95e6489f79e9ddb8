"""Data whose images are stored in the order of a grid; some axes may not be factors."""

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import ravel, unravel
from tfdis.data.ground_truth import GroundTruthData
from tfdis.keys import subkey


class GridData(GroundTruthData):
    """Images in the order of a grid, the last axis fastest.

    Axes that are not factors are nuisance: a draw of an image takes them from the random state.

    Attributes:
        grid: the size of each axis.
        factor_axes: the axes that are the factors.
    """

    grid: list[int]
    factor_axes: tuple[int, ...]

    @property
    def num_images(self) -> int:
        """How many different images there are to index, nuisance included."""
        return int(np.prod(self.grid, dtype=np.int64))

    def factors(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.factors`."""
        return np.stack(np.unravel_index(indices, self.grid), axis=-1)[:, list(self.factor_axes)]

    def graph_factors(self, indices: tf.Tensor) -> tf.Tensor:
        """See `GroundTruthData.graph_factors`."""
        return tf.gather(unravel(indices, self.grid), self.factor_axes, axis=1)

    def index_of(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """See `GroundTruthData.index_of`; nuisance axes are drawn one after the other."""
        columns = dict(zip(self.factor_axes, np.asarray(factors).T))
        for axis, size in enumerate(self.grid):
            if axis not in columns:
                columns[axis] = random_state.randint(size, size=len(factors))
        return np.ravel_multi_index([columns[axis] for axis in range(len(self.grid))], self.grid)

    def graph_index_of(self, factors: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """See `GroundTruthData.graph_index_of`; nuisance axes are drawn uniformly."""
        size = tf.shape(factors)[0]
        columns = dict(zip(self.factor_axes, tf.unstack(factors, axis=1)))
        for axis, count in enumerate(self.grid):
            if axis not in columns:
                columns[axis] = tf.random.stateless_uniform(
                    [size], subkey(key, axis), 0, count, tf.int32, alg="philox"
                )
        return ravel(tf.stack([columns[axis] for axis in range(len(self.grid))], 1), self.grid)
