"""Milliseconds per training step: tfdis, a plain Keras train_step, and PyTorch.

    python benchmarks/training.py [--channels=1] [--width=1.0] [--rounds=7] [--steps=40]

The same network (conv_encoder and deconv_decoder), beta-TC-VAE loss and Adam in all three, batch
64, float32, interleaved round by round in this process. The rivals are fed from images that lie in
memory ready to use; tfdis draws its batches of sprites (or rooms) itself. Prints the medians, the
ratios, and how much of tfdis' time is spent outside of the compiled step.
"""

import argparse
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from tfdis.architectures.decoders import deconv_decoder
from tfdis.architectures.encoders import conv_encoder
from tfdis.data.rooms import Rooms
from tfdis.data.sprites import Sprites
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.losses.kl import KL
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.models.vae import VAE
from tfdis.training.loop import Trainer

BATCH, LATENTS, BETA = 64, 10, 6.0


def networks(shape, width):
    return (
        conv_encoder(num_latent=LATENTS, input_shape=shape, width=width),
        deconv_decoder(num_latent=LATENTS, output_shape=shape, width=width),
    )


class Ours:
    """tfdis' loop."""

    def __init__(self, data, width, jit_compile=False):
        terms = [BernoulliLoss(name="reconstruction_loss"), KL(name="kl_loss")]
        terms.append(TotalCorrelation(weight=BETA - 1, name="total_correlation"))
        model = VAE(*networks(data.observation_shape, width), terms)
        model.compile(keras.optimizers.Adam(1e-4))
        self.trainer = Trainer(model, data.feed(), BATCH, seed=0, jit_compile=jit_compile)
        self.inside = 0.0
        compiled = self.trainer._train

        def timed(*arguments):
            start = time.perf_counter()
            outputs = compiled(*arguments)
            outputs[0].numpy()
            self.inside += time.perf_counter() - start
            return outputs

        self.trainer._train = timed

    def run(self, steps):
        self.trainer.run(self.trainer.step + steps)


class PlainKeras(keras.Model):
    """The same in a train_step as one writes it by hand."""

    def __init__(self, encoder, decoder):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def train_step(self, images):
        with tf.GradientTape() as tape:
            mean, log_variance = self.encoder(images, training=True)
            z = mean + tf.exp(log_variance / 2) * tf.random.normal(tf.shape(mean))
            logits = self.decoder(z, training=True)
            cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(images, logits)
            reconstruction = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=(1, 2, 3)))
            divergence = tf.square(mean) + tf.exp(log_variance) - log_variance - 1
            kl = tf.reduce_mean(0.5 * tf.reduce_sum(divergence, axis=1))
            difference = z[:, None] - mean[None]
            log_density = -0.5 * (
                difference**2 * tf.exp(-log_variance)[None]
                + log_variance[None]
                + np.log(2 * np.pi).astype(np.float32)
            )
            log_qz = tf.reduce_logsumexp(tf.reduce_sum(log_density, 2), 1)
            log_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, 1), 1)
            loss = reconstruction + kl + (BETA - 1) * tf.reduce_mean(log_qz - log_product)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class KerasRival:
    """`fit` on images in memory, without tf.data's autotuning, which may stall at the end."""

    def __init__(self, images, shape, width):
        self.model = PlainKeras(*networks(shape, width))
        self.model.compile(keras.optimizers.Adam(1e-4), jit_compile=False, steps_per_execution=10)
        options = tf.data.Options()
        options.autotune.enabled = False
        table = tf.constant(images)
        batches = tf.data.Dataset.range(len(images) // BATCH).repeat()
        batches = batches.map(lambda i: table[i * BATCH : (i + 1) * BATCH])
        self.data = batches.with_options(options)

    def run(self, steps):
        self.model.fit(self.data, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)


class TorchRival:
    """Plain PyTorch, channels last."""

    def __init__(self, images, shape, width):
        import torch
        from torch import nn

        self.torch = torch
        torch.set_num_threads(len(os.sched_getaffinity(0)))

        def sizes(*numbers):
            return [max(1, round(number * width)) for number in numbers]

        c = shape[2]
        a, b, d, e = sizes(32, 32, 64, 64)
        (dense,) = sizes(256)
        self.encoder = nn.Sequential(
            *(nn.Conv2d(c, a, 4, 2, 1), nn.ReLU(), nn.Conv2d(a, b, 4, 2, 1), nn.ReLU()),
            *(nn.Conv2d(b, d, 2, 2), nn.ReLU(), nn.Conv2d(d, e, 2, 2), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(16 * e, dense), nn.ReLU(), nn.Linear(dense, 2 * LATENTS)),
        )
        (f, g, h) = sizes(64, 32, 32)
        self.decoder = nn.Sequential(
            *(nn.Linear(LATENTS, dense), nn.ReLU(), nn.Linear(dense, 16 * e), nn.ReLU()),
            *(nn.Unflatten(1, (e, 4, 4)), nn.ConvTranspose2d(e, f, 4, 2, 1), nn.ReLU()),
            *(nn.ConvTranspose2d(f, g, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(g, h, 4, 2, 1)),
            *(nn.ReLU(), nn.ConvTranspose2d(h, c, 4, 2, 1)),
        )
        channels_last = {"memory_format": torch.channels_last}
        self.encoder.to(**channels_last)
        self.decoder.to(**channels_last)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, 1e-4)
        self.images = torch.tensor(images.transpose(0, 3, 1, 2)).contiguous(**channels_last)
        self.position = 0

    def run(self, steps):
        torch, functional = self.torch, self.torch.nn.functional
        for _ in range(steps):
            first = self.position * BATCH % (len(self.images) - BATCH)
            images = self.images[first : first + BATCH]
            self.position += 1
            mean, log_variance = self.encoder(images).chunk(2, dim=1)
            z = mean + torch.exp(log_variance / 2) * torch.randn_like(mean)
            logits = self.decoder(z)
            cross_entropy = functional.binary_cross_entropy_with_logits(
                logits, images, reduction="sum"
            )
            kl = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum(1).mean()
            squared = (z[:, None] - mean[None]) ** 2
            log_density = -0.5 * (
                squared * torch.exp(-log_variance)[None] + log_variance[None] + np.log(2 * np.pi)
            )
            log_qz = torch.logsumexp(log_density.sum(2), 1)
            log_product = torch.logsumexp(log_density, 1).sum(1)
            loss = cross_entropy / BATCH + kl + (BETA - 1) * (log_qz - log_product).mean()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=40)
    arguments = parser.parse_args()

    data = Sprites() if arguments.channels == 1 else Rooms()
    indices = np.random.RandomState(0).randint(data.num_images, size=2048)
    images = data.images(indices).astype(np.float32) / 255
    shape = tuple(data.observation_shape)
    ours = Ours(data, arguments.width)
    contestants = {
        "tfdis": ours,
        "plain Keras train_step": KerasRival(images, shape, arguments.width),
    }
    try:
        contestants["PyTorch"] = TorchRival(images, shape, arguments.width)
    except ImportError:
        print("PyTorch is not installed: pip install tfdis[torch] to have it in the comparison")
    for contestant in contestants.values():
        contestant.run(arguments.steps)
        contestant.run(arguments.steps)
    ours.inside = 0.0
    times = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            contestant.run(arguments.steps)
            times[name].append(1000 * (time.perf_counter() - start) / arguments.steps)
    print(f"{arguments.channels} channel(s), width {arguments.width:g}, batch {BATCH}:")
    for name, values in times.items():
        ratios = np.array(times["tfdis"]) / np.array(values)
        print(
            f"  {name:24s} median {np.median(values):7.1f} ms/step, least {np.min(values):7.1f}"
            f"   tfdis takes {np.median(ratios):.2f} of it"
        )
    total = sum(times["tfdis"]) * arguments.steps / 1000
    outside = 1 - ours.inside / total
    print(f"  tfdis outside of the compiled step: {100 * outside:.2f}% of the time")


if __name__ == "__main__":
    main()
