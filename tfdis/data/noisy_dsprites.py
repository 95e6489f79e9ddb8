"""DSprites whose pixels are drawn from the random state (Locatello et al., 2019)."""

import abc
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdis.data.dsprites import DSPRITES_FILE, LICENCE, SOURCE, DSprites
from tfdis.data.feeding import DeviceFeed, Draw
from tfdis.data.files import RemoteFile, Source, find, reading
from tfdis.data.named import named_data
from tfdis.data.sampling import configured_draw
from tfdis.keys import uniform


def _read_scream(path: Path) -> np.ndarray:
    """The painting as disentanglement_lib scales it, `[height, width, 3]` in [0, 1]."""
    from PIL import Image

    picture = Image.open(path)
    picture.thumbnail((350, 274))
    pixels = np.array(picture) / 255.0
    if pixels.ndim != 3 or min(pixels.shape[:2]) <= 64:
        raise ValueError(f"it is scaled to shape {pixels.shape}")
    return pixels


_SCREAM_FILE = RemoteFile(
    "scream/scream.jpg",
    "https://upload.wikimedia.org/wikipedia/commons/f/f4/The_Scream.jpg",
    check=_read_scream,
    mirrors=(Source("https://commons.wikimedia.org/wiki/Special:FilePath/The_Scream.jpg"),),
)


class _DrawnSprites(DSprites, abc.ABC):
    """Sprites with three channels, with pixels that are drawn again for each observation."""

    indexed = False
    observation_shape = [64, 64, 3]

    def images(self, indices: np.ndarray) -> np.ndarray:
        """The sprites before anything is drawn onto them, `[batch, 64, 64, 3]`."""
        return np.repeat(super().images(indices), 3, axis=-1)

    def sample_observations_from_factors(
        self, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        """See `GroundTruthData.sample_observations_from_factors`."""
        sprites = self._sprites(self.index_of(factors, random_state))
        return self._paint(sprites, random_state).astype(np.float32)

    def feed(self, draw: Draw | None = None) -> DeviceFeed:
        """See `GroundTruthData.feed`; what is drawn is keyed by (seed, step) too."""
        sprites = self._graph_sprites()
        paint = tf.function(self._graph_paint, jit_compile=True, autograph=False)
        return DeviceFeed(
            draw or configured_draw(self),
            lambda indices, key: paint(sprites(indices), key),
            self.graph_factors,
        )

    @abc.abstractmethod
    def _paint(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Float images `[batch, 64, 64, 3]` of sprites of 0 and 1, `[batch, 64, 64, 1]`."""

    @abc.abstractmethod
    def _graph_paint(self, sprites: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """As `_paint`, in the graph: the same distribution."""


@named_data("color_dsprites", SOURCE, LICENCE)
class ColorDSprites(_DrawnSprites):
    """Sprites in a random colour, each channel in [0.5, 1]."""

    name = "color_dsprites"

    def _paint(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        return sprites * random_state.uniform(0.5, 1, [len(sprites), 1, 1, 3])

    def _graph_paint(self, sprites: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        shape = [sprites.shape[0], 1, 1, 3]
        return sprites * (0.5 + 0.5 * uniform(shape, key))


@named_data("noisy_dsprites", SOURCE, LICENCE)
class NoisyDSprites(_DrawnSprites):
    """White sprites on uniform noise."""

    name = "noisy_dsprites"

    def _paint(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        return np.minimum(sprites + random_state.uniform(0, 1, [len(sprites), 64, 64, 3]), 1.0)

    def _graph_paint(self, sprites: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        noise = uniform([sprites.shape[0], 64, 64, 3], key)
        return tf.minimum(sprites + noise, 1.0)


@named_data("scream_dsprites", SOURCE, f"{LICENCE}; the painting is in the public domain")
class ScreamDSprites(_DrawnSprites):
    """Patches of Munch's The Scream, tinted; the sprite inverts what it covers."""

    name = "scream_dsprites"
    files = (DSPRITES_FILE, _SCREAM_FILE)

    def __init__(self) -> None:
        super().__init__()
        path = find("scream_dsprites", _SCREAM_FILE)
        with reading(path, "a JPEG of The Scream"):
            self._scream = _read_scream(path)

    def _paint(self, sprites: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        height, width, _ = self._scream.shape
        images = np.empty([len(sprites), 64, 64, 3])
        for image, sprite in zip(images, sprites):
            top, left = random_state.randint(0, height - 64), random_state.randint(0, width - 64)
            patch = self._scream[top : top + 64, left : left + 64]
            tinted = (patch + random_state.uniform(0, 1, size=3)) / 2
            image[:] = np.where(sprite, 1 - tinted, tinted)
        return images

    def _graph_paint(self, sprites: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        height, width, _ = self._scream.shape
        keys = tf.unstack(tf.random.split(key, 3, alg="philox"))
        batch = [sprites.shape[0]]
        top = tf.random.stateless_uniform(batch, keys[0], 0, height - 64, tf.int32, alg="philox")
        left = tf.random.stateless_uniform(batch, keys[1], 0, width - 64, tf.int32, alg="philox")
        tint = uniform([*batch, 1, 1, 3], keys[2])
        rows, columns = top[:, None] + tf.range(64), left[:, None] + tf.range(64)
        pixels = tf.constant(self._scream.reshape(-1, 3).astype(np.float32))
        patch = tf.gather(pixels, rows[:, :, None] * width + columns[:, None, :])
        tinted = (patch + tint) / 2
        return tf.where(sprites > 0, 1 - tinted, tinted)
