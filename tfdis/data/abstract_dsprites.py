"""Coloured sprites of the abstract-reasoning study (van Steenkiste et al., 2019)."""

import numpy as np
import tensorflow as tf

from tfdis.data.dsprites import LICENCE, SOURCE, DSprites
from tfdis.data.feeding import DeviceFeed, Draw, unravel
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw

# The colours of disentanglement_lib: five greys, and a husl palette of six (h 0.1, s 0.7, l 0.7).
_BACKGROUNDS = np.linspace(0, 1, 5)[:, None].repeat(3, axis=1)
_OBJECTS = np.array(
    [
        [0.9096231780824386, 0.5883403686424795, 0.3657680693481871],
        [0.6350181801577739, 0.6927729880940552, 0.3626904230371999],
        [0.3764832455369271, 0.7283900430001952, 0.5963114605342514],
        [0.39548987063404156, 0.7073922557810771, 0.7874577552076919],
        [0.6963644829189117, 0.6220697032672371, 0.899716387820763],
        [0.90815966835861, 0.5511103319168646, 0.7494337214212151],
    ]
)


@named_data("abstract_dsprites", SOURCE, LICENCE)
class AbstractDSprites(DSprites):
    """Sprites of six colours on five greys; the orientation is drawn from the random state.

    The colours are not multiples of 1/255: `images` rounds them, and observations are exact.
    """

    name = "abstract_dsprites"
    indexed = False
    factor_names = ("background_color", "object_color", "shape", "scale", "x", "y")
    factors_num_values = [5, 6, 3, 6, 32, 32]
    observation_shape = [64, 64, 3]
    grid = [5, 6, 3, 6, 40, 32, 32]
    factor_axes = (0, 1, 2, 3, 5, 6)

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        return np.rint(255 * self._observations(indices)).astype(np.uint8)

    def sample_observations_from_factors(
        self, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        """See `GroundTruthData.sample_observations_from_factors`."""
        return self._observations(self.index_of(factors, random_state)).astype(np.float32)

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`."""
        sprites, num_sprites = self._graph_sprites(), len(self._bits)
        backgrounds = tf.constant(_BACKGROUNDS[:, None, None], tf.float32)
        objects = tf.constant(_OBJECTS[:, None, None], tf.float32)

        def pixels(indices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
            del key
            colours = unravel(indices // num_sprites, self.grid[:2])
            front, back = tf.gather(objects, colours[:, 1]), tf.gather(backgrounds, colours[:, 0])
            return tf.where(sprites(indices % num_sprites) > 0, front, back)

        return DeviceFeed(draw or configured_draw(self), pixels, self.graph_factors)

    def _observations(self, indices: np.ndarray) -> np.ndarray:
        """Float64 in [0, 1], `[batch, 64, 64, 3]`."""
        background, colour, sprite = np.unravel_index(indices, [*self.grid[:2], len(self._bits)])
        front, back = _OBJECTS[colour][:, None, None], _BACKGROUNDS[background][:, None, None]
        return np.where(self._sprites(sprite), front, back)
