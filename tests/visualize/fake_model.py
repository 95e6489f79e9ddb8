"""A model without a network: latents 0 to 3 are the place, size and colour of a blob."""

import numpy as np


class FakeModel:
    def __init__(self, num_latents=10, shape=(64, 64, 1)):
        self.num_latents = num_latents
        self.observation_shape = list(shape)

    def encode(self, images):
        images = np.asarray(images, np.float64)
        mass = images.sum(axis=-1) + 1e-9
        height, width = mass.shape[1:]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        total = mass.sum(axis=(1, 2))
        mean = np.zeros((len(images), self.num_latents), np.float32)
        mean[:, 0] = 3 * (mass * x).sum(axis=(1, 2)) / total
        mean[:, 1] = 3 * (mass * y).sum(axis=(1, 2)) / total
        mean[:, 2] = 20 * total / (height * width) - 1
        mean[:, 3] = images[..., 0].max(axis=(1, 2)) - 0.5
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
        if channels == 1:
            return blob[..., None].astype(np.float32)
        red = 1 / (1 + np.exp(-codes[:, 3]))
        colours = np.broadcast_arrays(red, 1 - red, 0.5 + 0 * red)[:channels]
        return np.stack([blob * c + (1 - blob) * 0.9 for c in colours], -1).astype(np.float32)

    def reconstruct(self, images):
        return self.decode(self.encode(images)[0])
