import numpy as np
import pytest

from tfdis.data.ground_truth import GroundTruthData


class FakeModel:
    """A model without a network: latents 0 to 3 are the place, size and colour of a blob."""

    label_groups = ()
    latent_values = None
    is_gaussian = True
    has_prior = True

    def __init__(self, num_latents=10, shape=(16, 16, 1)):
        self.num_latents = num_latents
        self.observation_shape = list(shape)

    def encode(self, images):
        images = np.asarray(images, np.float64)
        height, width = images.shape[1:3]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        mass = images.sum(axis=-1) + 1e-9
        total = mass.sum(axis=(1, 2))
        mean = np.zeros((len(images), self.num_latents), np.float32)
        mean[:, 0] = 3 * (mass * x).sum(axis=(1, 2)) / total
        mean[:, 1] = 3 * (mass * y).sum(axis=(1, 2)) / total
        mean[:, 2] = 5 * total / (height * width) - 1
        mean[:, 3] = images[:, 0, 0, 0]
        log_variance = np.full_like(mean, -3.0)
        log_variance[:, 4:] = 0.0
        return mean, log_variance

    def decode(self, codes):
        codes = np.asarray(codes, np.float64)[:, :, None, None]
        height, width, channels = self.observation_shape
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        size = 0.1 * np.exp(0.5 * codes[:, 2])
        distance = (x - codes[:, 0] / 3) ** 2 + (y - codes[:, 1] / 3) ** 2
        blob = 1 / (1 + np.exp((distance - size**2 * 4) * 60))
        red = 1 / (1 + np.exp(-codes[:, 3]))
        colours = [red, 1 - red, 0.5 + 0 * red] if channels == 3 else [red]
        return np.stack([blob * c + (1 - blob) * 0.9 for c in colours], -1).astype(np.float32)

    def sample(self, num_images, labels=None, seed=0):
        codes = np.random.default_rng(seed).normal(size=(num_images, self.num_latents))
        return self.decode(codes) if labels is None else self.decode(codes, labels)


class ConditionalFakeModel(FakeModel):
    """The label of three classes shades the image's background."""

    label_groups = (("shape", ("square", "ellipse", "heart")),)

    def labels(self, factors):
        return np.eye(3, dtype=np.float32)[factors[:, 0]]

    def encode(self, images, labels):
        assert labels.shape == (len(images), 3)
        return super().encode(images)

    def decode(self, codes, labels):
        assert labels.shape == (len(codes), 3)
        shade = labels @ np.array([0.2, 0.5, 1.0], np.float32)
        return super().decode(codes) * shade[:, None, None, None]


class FakeData(GroundTruthData):
    """Squares of one brightness each at one place each."""

    name = "fake"

    def __init__(self, shape=(16, 16, 1)):
        self.factor_names = ("shape", "x")
        self.factors_num_values = [3, 8]
        self.observation_shape = list(shape)

    def images(self, indices):
        shape, x = np.unravel_index(indices, self.factors_num_values)
        images = np.zeros((len(shape), *self.observation_shape), np.uint8)
        for image, height, left in zip(images, shape, x):
            image[4 : 8 + 2 * height, left : left + 4] = 255 - 30 * height
        return images


@pytest.fixture
def fake_model():
    return FakeModel


@pytest.fixture
def conditional_fake_model():
    return ConditionalFakeModel


@pytest.fixture
def fake_data():
    return FakeData
