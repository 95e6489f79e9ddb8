"""XYSquares (Michlo et al., 2022): three squares whose positions share no pixel."""

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw

_SIDE = 64
_SQUARE = 8
_PLACES = _SIDE // _SQUARE


@named_data("xysquares", source="drawn by this library", licence="Apache-2.0")
class XYSquares(GroundTruthData):
    """A red, a green and a blue square of 8x8 pixels on a grid of 8x8 places; 64x64 images.

    Each square has a channel of its own and moves by its own width, so that any two positions of it
    are equally far apart in pixels. A reconstruction loss then does not show which positions are
    neighbours, which is what a beta-VAE learns their order from (Michlo et al.,
    "Data Overlap: A Prerequisite for Disentanglement", 2022, arXiv:2202.13341).

    Example:
        >>> data = XYSquares()
        >>> factors, images = data.sample(16, np.random.RandomState(0))
        >>> images.shape
        (16, 64, 64, 3)
    """

    name = "xysquares"
    factor_names = ("red_x", "red_y", "green_x", "green_y", "blue_x", "blue_y")
    factors_num_values = [_PLACES] * 6
    observation_shape = [_SIDE, _SIDE, 3]

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        place = np.arange(_SIDE) // _SQUARE
        covered = self.factors(np.asarray(indices))[..., None] == place
        x, y = covered[:, 0::2], covered[:, 1::2]
        images = y[:, :, :, None] & x[:, :, None, :]
        return 255 * np.moveaxis(images, 1, -1).astype(np.uint8)

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`: the images are drawn in the graph."""
        place = np.arange(_SIDE) // _SQUARE

        @tf.function(jit_compile=True, autograph=False)
        def pixels(indices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
            del key
            covered = tf.cast(self.graph_factors(indices)[..., None] == place, tf.float32)
            return tf.einsum("bcy,bcx->byxc", covered[:, 1::2], covered[:, 0::2])

        return DeviceFeed(draw or configured_draw(self), pixels, self.graph_factors)
