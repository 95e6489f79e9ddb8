"""The protocol of data whose images are made by known factors."""

import abc
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import Draw, Feed, SlabFeed, ravel, unravel
from tfdis.data.sampling import configured_draw


class GroundTruthData(abc.ABC):
    """Images addressed by an index, made by known factors.

    Has disentanglement_lib's protocol (`num_factors`, `factors_num_values`, `observation_shape`,
    `sample_factors`, `sample_observations_from_factors`, `sample`, `sample_observations`), so that
    its data sets work here and ours work there. Beyond it, images have an index.

    A subclass gives the attributes and `images`; it overrides `factors` and `index_of` where its
    images are not stored in the order of their factors, or where a nuisance that is not a factor
    (such as SmallNORB's instance) also selects the image.

    Attributes:
        name: the gin name of the data set.
        factor_names: one name per factor.
        factors_num_values: the number of values of each factor.
        value_names: by factor, the names of its values, where they have names.
        observation_shape: `[height, width, channels]`.
        indexed: whether an image is a function of its index. Where pixels are drawn from the random
            state (a random colour, noise), it is not: `images` then gives what is stored, and
            only `sample_observations_from_factors` is exact.
    """

    name: str
    indexed: bool = True
    factor_names: tuple[str, ...]
    factors_num_values: list[int]
    value_names: Mapping[str, Sequence[str]] = {}
    observation_shape: list[int]

    @property
    def num_factors(self) -> int:
        """The number of ground-truth factors."""
        return len(self.factors_num_values)

    @property
    def num_images(self) -> int:
        """How many different images there are to index."""
        return int(np.prod(self.factors_num_values, dtype=np.int64))

    @property
    def covers_grid(self) -> bool:
        """Whether every combination of the factors' values has an image."""
        return True

    @abc.abstractmethod
    def images(self, indices: np.ndarray) -> np.ndarray:
        """The images of these indices as they are stored.

        Args:
            indices: integers in [0, num_images), `[batch]`.

        Returns:
            uint8 array, `[batch, height, width, channels]`.
        """

    def factors(self, indices: np.ndarray) -> np.ndarray:
        """The factors of these indices, int64 `[batch, num_factors]`; the last varies fastest."""
        return np.stack(np.unravel_index(indices, self.factors_num_values), axis=-1)

    def value_frequencies(self) -> list[np.ndarray]:
        """How often each value of each factor occurs; one array that sums to 1 per factor."""
        return [np.full(size, 1 / size) for size in self.factors_num_values]

    def index_of(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """The index of one draw per row of factors, int64 `[batch]`.

        Args:
            factors: integers, `[batch, num_factors]`.
            random_state: where a nuisance is drawn from, in the order in which disentanglement_lib
                draws it; untouched where the factors alone make the image.
        """
        del random_state
        return np.ravel_multi_index(tuple(np.asarray(factors).T), self.factors_num_values)

    def feed(self, draw: Draw | None = None) -> Feed:
        """How batches of this data reach the training step; by default the host gathers them.

        Args:
            draw: how images are drawn; None: uniformly.
        """
        return SlabFeed(draw or configured_draw(self), self.images, self.graph_factors)

    def graph_factors(self, indices: tf.Tensor) -> tf.Tensor:
        """As `factors`, in the graph: int32 `[batch, num_factors]`."""
        return unravel(indices, self.factors_num_values)

    def graph_index_of(self, factors: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """As `index_of`, in the graph.

        Args:
            factors: int32 `[batch, num_factors]`.
            key: int32 `[2]`, the seed of the nuisance.

        Returns:
            int32 `[batch]`.
        """
        del key
        return ravel(factors, self.factors_num_values)

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws `num` rows of factors uniformly, factor by factor as disentanglement_lib does."""
        columns = [random_state.randint(size, size=num) for size in self.factors_num_values]
        return np.stack(columns, axis=-1).astype(np.int64)

    def sample_observations_from_factors(
        self, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Draws one image per row of factors: float32 in [0, 1], `[batch, height, ...]`."""
        return self.images(self.index_of(factors, random_state)).astype(np.float32) / 255.0

    def sample(
        self, num: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draws `num` rows of factors and one image for each."""
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws `num` images."""
        return self.sample(num, random_state)[1]
