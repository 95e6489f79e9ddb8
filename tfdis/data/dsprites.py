"""DSprites (Matthey et al., 2017), at one bit a pixel."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdis.data.feeding import DeviceFeed, Draw, device_table, unpack_bits
from tfdis.data.files import NpzMember, RemoteFile, Source, find, reading, unpacked
from tfdis.data.grid import GridData
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw


def _check(path: Path) -> None:
    NpzMember(path, "imgs", 3 * 6 * 40 * 32 * 32, (64, 64))


DSPRITES_FILE = RemoteFile(
    "dsprites/dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    "https://raw.githubusercontent.com/deepmind/dsprites-dataset/master/"
    "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz",
    check=_check,
    mirrors=(
        Source(
            "https://github.com/google-deepmind/dsprites-dataset/raw/master/"
            "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"
        ),
    ),
)
SOURCE, LICENCE = "https://github.com/deepmind/dsprites-dataset", "Apache-2.0"


@named_data("dsprites_full", SOURCE, LICENCE)
class DSprites(GridData):
    """White squares, ellipses and hearts on black; binary 64x64 images.

    The archive's pickled metadata is not read: the sizes of the factors are known, and checked
    against the number of images.
    """

    name = "dsprites_full"
    files = (DSPRITES_FILE,)
    factor_names = ("shape", "scale", "orientation", "x", "y")
    value_names = {"shape": ("square", "ellipse", "heart")}
    factors_num_values = [3, 6, 40, 32, 32]
    observation_shape = [64, 64, 1]
    grid = [3, 6, 40, 32, 32]
    factor_axes = (0, 1, 2, 3, 4)
    sprite_grid = [3, 6, 40, 32, 32]

    def __init__(self) -> None:
        self._bits = packed_sprites(int(np.prod(self.sprite_grid)))

    def images(self, indices: np.ndarray) -> np.ndarray:
        """See `GroundTruthData.images`."""
        return 255 * self._sprites(indices)

    def _sprites(self, indices: np.ndarray) -> np.ndarray:
        """The sprites of these indices as 0 and 1: uint8 `[batch, 64, 64, 1]`."""
        bits = np.unpackbits(self._bits[indices], axis=-1, bitorder="little")
        return bits.reshape(-1, 64, 64, 1)

    def _graph_sprites(self) -> "tf.types.experimental.GenericFunction":
        """As `_sprites`, in the graph: indices -> float32."""
        table = device_table(self._bits)

        @tf.function(jit_compile=True, autograph=False)
        def sprites(indices: tf.Tensor) -> tf.Tensor:
            return tf.reshape(unpack_bits(tf.gather(table, indices)), [-1, 64, 64, 1])

        return sprites

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`: the bits live on the device."""
        sprites = self._graph_sprites()
        return DeviceFeed(
            draw or configured_draw(self), lambda i, key: sprites(i), self.graph_factors
        )


@named_data("dsprites_noshape", SOURCE, LICENCE)
class DSpritesNoShape(DSprites):
    """DSprites whose shape is not a factor, but drawn from the random state."""

    name = "dsprites_noshape"
    factor_names = ("scale", "orientation", "x", "y")
    factors_num_values = [6, 40, 32, 32]
    factor_axes = (1, 2, 3, 4)


def packed_sprites(count: int) -> np.ndarray:
    """The sprites of the archive, uint8 `[count, 512]`: bit b of byte i is pixel 8 i + b."""
    path = find("dsprites_full", DSPRITES_FILE)
    expected = f"dSprites' archive with {count} binary images 'imgs' of 64x64"

    def chunks() -> Iterator[np.ndarray]:
        with reading(path, expected):
            for images in NpzMember(path, "imgs", count, (64, 64)).chunks():
                if images.max() > 1:
                    raise ValueError("its pixels are not binary")
                yield np.packbits(images.reshape(len(images), -1), axis=1, bitorder="little")

    return unpacked("dsprites-bits", [path], (count, 512), chunks)
