"""Data whose images spell their index, so that a representation can be any table of codes."""

import numpy as np

from tfdis.data.ground_truth import GroundTruthData


class IndexImages(GroundTruthData):
    """Images of 2x2 pixels whose four bytes are the index."""

    name = "index_images"

    def __init__(self, sizes):
        self.observation_shape = [2, 2, 1]
        self.factors_num_values = list(sizes)
        self.factor_names = tuple(f"f{i}" for i in range(len(sizes)))
        self.num_asked = 0

    def images(self, indices):
        self.num_asked += len(indices)
        return np.asarray(indices).astype("<u4").view(np.uint8).reshape(-1, 2, 2, 1)


class NuisanceImages(IndexImages):
    """An instance, which is no factor, is drawn too, as SmallNORB's."""

    num_instances = 3

    @property
    def num_images(self):
        return super().num_images * self.num_instances

    def index_of(self, factors, random_state):
        instance = random_state.randint(self.num_instances, size=len(factors))
        return super().index_of(factors, random_state) * self.num_instances + instance


class NoisyImages(IndexImages):
    """The random state also gives every image a number that is not in its index."""

    indexed = False

    def sample_observations_from_factors(self, factors, random_state):
        images = super().sample_observations_from_factors(factors, random_state)
        noise = random_state.uniform(size=(len(factors), 2, 2, 1))
        return np.concatenate([images, noise], axis=-1)


def index_in(images):
    """The index that an image spells."""
    pixels = np.round(np.asarray(images)[..., :1] * 255.0).astype(np.uint8)
    return pixels.reshape(len(pixels), 4).copy().view("<u4")[:, 0]


def lookup(codes):
    """The representation that gives an image the row of its index."""
    return lambda images: codes[index_in(images)]


def noisy_lookup(codes):
    """As `lookup`, and the image's noise added."""
    return lambda images: (
        codes[index_in(images)] + np.asarray(images)[..., 1].mean(axis=(1, 2))[:, None]
    ).astype(codes.dtype)


SIZES = [3, 4, 5, 6]


def tables(sizes=SIZES):
    """Codes of every kind for all combinations of factors, by name."""
    rng = np.random.default_rng(0)
    num = int(np.prod(sizes))
    factors = np.stack(np.unravel_index(np.arange(num), sizes), axis=-1).astype(np.float32)
    mixing = rng.normal(size=(len(sizes), 6)).astype(np.float32)
    noise = rng.normal(size=(num, 6)).astype(np.float32)
    dead = factors @ mixing + 0.1 * noise
    dead[:, 2] = 0.5
    entangled = factors @ mixing + 0.3 * noise
    return {
        "random": noise,
        "perfect": factors,
        "entangled": entangled,
        "duplicated": np.concatenate([factors, factors], axis=1) + 0.01 * noise[:, :1],
        "dead": dead,
        "two_latents": entangled[:, :2],
    }
