"""Sprites: dSprites' grid of factors, drawn here."""

import functools

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw, unpack_bits
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw

_SIDE = 64
_WINDOW = 32  # a prototype's side in pixels: the largest shape reaches 13.8 px from its centre
_SUPERSAMPLES = 4


@named_data("sprites", source="drawn by this library", licence="Apache-2.0")
class Sprites(GroundTruthData):
    """White squares, ellipses and hearts on black; binary 64x64 images.

    A prototype of each shape, scale and orientation is drawn once, centred, and then moved by whole
    pixels. A prototype's row is 32 bits, so that all of them take 180 KB, and moving one sideways
    is one shift of a 64-bit integer.

    Example:
        >>> data = Sprites()
        >>> factors, images = data.sample(16, np.random.RandomState(0))
        >>> images.shape
        (16, 64, 64, 1)
    """

    name = "sprites"
    factor_names = ("shape", "scale", "orientation", "x", "y")
    value_names = {"shape": ("square", "ellipse", "heart")}
    factors_num_values = [3, 6, 40, 32, 32]
    observation_shape = [64, 64, 1]

    def __init__(self) -> None:
        self._rows = prototype_rows()

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        shape, scale, orientation, x, y = np.unravel_index(indices, self.factors_num_values)
        prototype = np.ravel_multi_index((shape, scale, orientation), self.factors_num_values[:3])
        images = np.zeros((len(prototype), _SIDE, _SIDE), np.uint8)
        rows = self._rows[prototype] << x[:, None]
        bits = np.unpackbits(rows[..., None].view(np.uint8), axis=-1, bitorder="little")
        place = y[:, None] + np.arange(_WINDOW)
        images[np.arange(len(prototype))[:, None], place] = 255 * bits
        return images[..., None]

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`: the images are drawn in the graph."""
        empty = np.zeros((len(self._rows), _SIDE - _WINDOW), np.int64)
        rows = tf.constant(np.concatenate([self._rows, empty], axis=1).ravel())

        @tf.function(jit_compile=True, autograph=False)  # fused, it takes a fifth of the time
        def pixels(indices: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
            del key
            y, x = indices % 32, indices // 32 % 32
            # Row r of the image is row r - y of the prototype, or one of the empty ones.
            row = (np.arange(_SIDE, dtype=np.int32) - y[:, None]) % _SIDE
            row = tf.gather(rows, indices[:, None] // 1024 * _SIDE + row)
            row = tf.bitwise.left_shift(row, tf.cast(x, tf.int64)[:, None])
            images = unpack_bits(tf.bitcast(row, tf.uint8))
            return images[..., None]

        return DeviceFeed(draw or configured_draw(self), pixels, self.graph_factors)


@functools.cache
def prototype_rows() -> np.ndarray:
    """All 720 centred prototypes: int64 `[720, 32]`, bit b of a row is column b."""
    samples = _WINDOW * _SUPERSAMPLES
    ticks = ((np.arange(samples) + 0.5) / _SUPERSAMPLES - _WINDOW / 2).astype(np.float64)
    x, y = np.meshgrid(ticks, ticks)
    rows = []
    for inside in (_square, _ellipse, _heart):
        for scale in np.linspace(0.5, 1.0, 6):
            for theta in 2 * np.pi * np.arange(40) / 40:
                cos, sin = np.cos(theta), np.sin(theta)
                covered = inside(cos * x + sin * y, cos * y - sin * x, scale)
                shape = (_WINDOW, _SUPERSAMPLES, _WINDOW, _SUPERSAMPLES)
                count = covered.reshape(shape).sum(axis=(1, 3))
                bits = np.packbits(2 * count >= _SUPERSAMPLES**2, axis=1, bitorder="little")
                rows.append(bits.view("<u4")[:, 0].astype(np.int64))
    return np.stack(rows)


def _square(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    return np.maximum(np.abs(x), np.abs(y)) <= 9.75 * scale


def _ellipse(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    return (x / 13) ** 2 + (y / 6.5) ** 2 <= scale**2


def _heart(x: np.ndarray, y: np.ndarray, scale: float) -> np.ndarray:
    u, v = 1.25 * x / (13 * scale), -1.25 * y / (13 * scale) + 0.2
    return (u * u + v * v - 0.6) ** 3 - u * u * v**3 <= 0
