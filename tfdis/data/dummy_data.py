"""Noise instead of images, for tests; disentanglement_lib's test configs ask for it."""

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw
from tfdis.keys import uniform


@named_data("dummy_data", source="drawn by this library", licence="Apache-2.0")
class DummyData(GroundTruthData):
    """Uniform noise, 64x64x1, independent of its ten factors."""

    name = "dummy_data"
    indexed = False
    factor_names = tuple(f"factor_{i}" for i in range(10))
    factors_num_values = [5] * 10
    observation_shape = [64, 64, 1]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """All factors in one call, as disentanglement_lib draws them."""
        return random_state.randint(5, size=(num, self.num_factors))

    def images(self, indices: np.ndarray) -> np.ndarray:
        """Noise that is a function of the index."""
        seeded = [np.random.default_rng(index) for index in indices]
        return np.stack([rng.integers(0, 256, (64, 64, 1), np.uint8) for rng in seeded])

    def sample_observations_from_factors(
        self, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        """Noise drawn from the random state."""
        return random_state.random_sample((len(factors), 64, 64, 1)).astype(np.float32)

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`."""

        def pixels(indices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
            return uniform([indices.shape[0], *self.observation_shape], key)

        return DeviceFeed(draw or configured_draw(self), pixels, self.graph_factors)
