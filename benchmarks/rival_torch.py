"""The training step in PyTorch, channels last, on a GPU where there is one; for training.py."""

import ctypes
import os

import numpy as np
import torch
from torch import nn
from torch.nn import functional

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory():
    """Tells glibc to give no memory back to the system, which makes page faults rare."""
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(_M_MMAP_THRESHOLD, 2**25) and libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)):
        raise SystemExit("mallopt refused")


class TorchRival:
    """beta-TC-VAE; `in_graph`: the step is recorded once as a CUDA graph and replayed."""

    def __init__(self, images, width, latents, batch, beta, in_graph=False):
        self.latents, self.batch, self.beta = latents, batch, beta
        device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(len(os.sched_getaffinity(0)))

        def sizes(*numbers):
            return [max(1, round(number * width)) for number in numbers]

        c = images.shape[3]
        a, b, d, e = sizes(32, 32, 64, 64)
        (dense,) = sizes(256)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(c, a, 4, 2, 1), nn.ReLU(), nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(b, d, 2, 2), nn.ReLU(), nn.Conv2d(d, e, 2, 2), nn.ReLU()),
            *(
                nn.Flatten(),
                nn.Linear(16 * e, dense),
                nn.ReLU(),
                nn.Linear(dense, 2 * self.latents),
            ),
        )
        (f, g, h) = sizes(64, 32, 32)
        self.decoder = nn.Sequential(
            *(nn.Linear(self.latents, dense), nn.ReLU(), nn.Linear(dense, 16 * e), nn.ReLU()),
            *(nn.Unflatten(1, (e, 4, 4)), nn.ConvTranspose2d(e, f, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(f, g, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(g, h, 4, 2, 1)),
            *(nn.ReLU(), nn.ConvTranspose2d(h, c, 4, 2, 1)),
        )
        channels_last = {"memory_format": torch.channels_last, "device": device}
        self.encoder.to(**channels_last)
        self.decoder.to(**channels_last)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, 1e-4, capturable=in_graph)
        self.images = torch.tensor(images.transpose(0, 3, 1, 2)).to(**channels_last)
        self.position = 0
        self.update = self._recorded() if in_graph else self._update

    def step(self):
        for _ in range(10):
            first = self.position * self.batch % (len(self.images) - self.batch)
            self.update(self.images[first : first + self.batch])
            self.position += 1
        if self.images.is_cuda:
            torch.cuda.synchronize()
        return 10

    def _recorded(self):
        images, graph = self.images[: self.batch].clone(), torch.cuda.CUDAGraph()
        aside = torch.cuda.Stream()
        with torch.cuda.stream(aside):
            for _ in range(3):
                self._update(images)
        torch.cuda.current_stream().wait_stream(aside)
        with torch.cuda.graph(graph):
            self._update(images)

        def update(batch):
            images.copy_(batch)
            graph.replay()

        return update

    def _update(self, images):
        mean, log_variance = self.encoder(images).chunk(2, dim=1)
        z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
        logits = self.decoder(z)
        cross_entropy = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
        squared = (z[:, None] - mean[None]) ** 2
        log_density = -0.5 * (
            squared * torch.exp(-log_variance)[None] + log_variance[None] + np.log(2 * np.pi)
        )
        log_qz = torch.logsumexp(log_density.sum(2), 1)
        log_product = torch.logsumexp(log_density, 1).sum(1)
        loss = cross_entropy / self.batch + kl + (self.beta - 1) * (log_qz - log_product).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
