"""Rooms: 3D Shapes' grid of factors, ray-cast here."""

import colorsys

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.raycast import geometry_maps
from tfdis.data.sampling import configured_draw

_SIDE = 64


@named_data("rooms", source="drawn by this library", licence="Apache-2.0")
class Rooms(GroundTruthData):
    """A cube, cylinder, sphere or capsule in the corner of a lit room; 64x64 images, 3 channels.

    For each scale, shape and orientation, four maps are ray-cast once: how much light each pixel
    gets from the floor, from the walls and from the object, each times its coverage of the pixel,
    and the object's highlight. An image is these maps times the three colours, in integer
    arithmetic, so that numpy and the graph agree exactly.

    Example:
        >>> data = Rooms()
        >>> factors, images = data.sample(16, np.random.RandomState(0))
        >>> images.shape
        (16, 64, 64, 3)
    """

    name = "rooms"
    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    value_names = {"shape": ("cube", "cylinder", "sphere", "capsule")}
    factors_num_values = [10, 10, 10, 8, 4, 15]
    observation_shape = [64, 64, 3]

    def __init__(self) -> None:
        self._maps = geometry_maps(_SIDE).reshape(-1, _SIDE * _SIDE, 4)
        self._palette = palette()

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        indices = np.asarray(indices)
        geometry = indices % len(self._maps)
        hues = np.stack(np.unravel_index(indices // len(self._maps), (10, 10, 10)), axis=-1)
        # Exact in float32: sums of products of integers below 2**8 stay below 2**24.
        light = self._maps[geometry].astype(np.float32) @ self._colours(hues)
        images = np.minimum((light + 128) / 256, 255).astype(np.uint8)
        return images.reshape(-1, *self.observation_shape)

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`: the images are put together in the graph."""
        maps, num_maps = tf.constant(self._maps), len(self._maps)
        every_hue = np.stack(np.unravel_index(np.arange(1000), (10, 10, 10)), axis=-1)
        colours = tf.constant(self._colours(every_hue))

        @tf.function(jit_compile=True, autograph=False)  # fused, it takes a fifth of the time
        def pixels(indices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
            del key
            maps_here = tf.cast(tf.gather(maps, indices % num_maps), tf.float32)
            colours_here = tf.gather(colours, indices // num_maps)[:, None]
            light = sum(maps_here[..., k, None] * colours_here[..., k, :] for k in range(4))
            images = tf.minimum(tf.floor((light + 128.0) / 256.0), 255.0) / 255.0
            return tf.reshape(images, [-1, *self.observation_shape])

        return DeviceFeed(draw or configured_draw(self), pixels, self.graph_factors)

    def _colours(self, hues: np.ndarray) -> np.ndarray:
        """The colours of floor, wall, object and highlight, float32 `[batch, 4, 3]`."""
        white = np.full((len(hues), 1, 3), 255, np.float32)
        return np.concatenate([self._palette[hues], white], axis=1)


def palette() -> np.ndarray:
    """Ten hues around the colour circle, float32 `[10, 3]`; integers in [0, 255]."""
    hues = [colorsys.hsv_to_rgb(k / 10, 0.78, 0.98) for k in range(10)]
    return np.rint(255 * np.array(hues)).astype(np.float32)
