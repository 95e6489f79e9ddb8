"""CPU milliseconds per training step: tfdis, a plain Keras train_step, and PyTorch twice.

    python benchmarks/training.py [--channels=1] [--width=1.0] [--cores=0] [--rounds=7]

The same network (conv_encoder and deconv_decoder), beta-TC-VAE loss and Adam in all of them, batch
64, float32; processes that take turns on the same cores (`turns.py`). The rivals are fed from
images that lie in memory ready to use; tfdis draws its batches of sprites (or rooms) itself. The
plain train_step has TensorFlow as it is when nothing is set. PyTorch, channels last, runs as
shipped, and with glibc told to keep the memory that it frees (mallopt): as shipped it gives its
activations back to the system, and pays for it with page faults. `--source=DIR` adds tfdis as
another checkout has it.

Where there is a GPU, all of them use it, and only the time by the clock means something. tfdis
compiles its loop with XLA there, and runs once more without; PyTorch's second entry is its step
replayed as a CUDA graph.
"""

import argparse
import os
import statistics
from pathlib import Path

import numpy as np
from turns import Contestant, answer, take_turns, train_until

BATCH, LATENTS, BETA = 64, 10, 6.0
OURS, KERAS, TORCH, QUIET_TORCH = "tfdis", "plain Keras", "PyTorch", "PyTorch, mallopt"
NOT_COMPILED, GRAPHED_TORCH = "tfdis, no XLA", "PyTorch, CUDA graph"
ON_CPU = (OURS, KERAS, TORCH, QUIET_TORCH)
ON_GPU = (OURS, NOT_COMPILED, KERAS, TORCH, GRAPHED_TORCH)


def data_of(channels):
    from tfdis.data.rooms import Rooms
    from tfdis.data.sprites import Sprites

    return Sprites() if channels == 1 else Rooms()


def images_of(channels):
    data = data_of(channels)
    indices = np.random.RandomState(0).randint(data.num_images, size=2048)
    return data.images(indices).astype(np.float32) / 255


def networks(shape, width):
    from tfdis.architectures.decoders import deconv_decoder
    from tfdis.architectures.encoders import conv_encoder

    return (
        conv_encoder(num_latent=LATENTS, input_shape=shape, width=width),
        deconv_decoder(num_latent=LATENTS, output_shape=shape, width=width),
    )


def ours(channels, width, jit_compile):
    """A function that makes some steps of tfdis' loop and returns their number."""
    data = data_of(channels)  # tfdis before TensorFlow, which otherwise leaves oneDNN off
    import keras

    from tfdis.losses.bernoulli import BernoulliLoss
    from tfdis.losses.kl import KL
    from tfdis.losses.total_correlation import TotalCorrelation
    from tfdis.models.vae import VAE
    from tfdis.training.loop import Trainer

    terms = [BernoulliLoss(name="reconstruction_loss"), KL(name="kl_loss")]
    terms.append(TotalCorrelation(weight=BETA - 1, name="total_correlation"))
    model = VAE(*networks(tuple(data.observation_shape), width), terms)
    model.compile(keras.optimizers.Adam(1e-4))
    trainer = Trainer(model, data.feed(), BATCH, seed=0, jit_compile=jit_compile)

    total = 0

    def step():
        nonlocal total
        total += 10
        trainer.run(total)
        return 10

    return step


def step_of(name, channels, width):
    if name.startswith(OURS):
        return ours(channels, width, jit_compile=False if name == NOT_COMPILED else None)
    if name == KERAS:
        from rival_keras import make_step  # before tfdis, which would turn oneDNN on

        images = images_of(channels)
        return make_step(images, networks(images.shape[1:], width), BATCH, BETA)
    images = images_of(channels)
    from rival_torch import TorchRival, keep_freed_memory

    if name == QUIET_TORCH:
        keep_freed_memory()
    return TorchRival(images, width, LATENTS, BATCH, BETA, name == GRAPHED_TORCH).step


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, choices=(1, 3), default=1)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--cores", default=",".join(map(str, sorted(os.sched_getaffinity(0)))))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a turn")
    parser.add_argument("--source", type=Path, help="another checkout of tfdis to compare with")
    parser.add_argument("--only", nargs="*", help="some of the contestants")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        answer(train_until(step_of(arguments.train, arguments.channels, arguments.width)))
        return
    on_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
    sources = dict.fromkeys(arguments.only or (ON_GPU if on_gpu else ON_CPU))
    if arguments.source:
        sources[f"{OURS} of {arguments.source.name}"] = arguments.source
    command = [__file__, f"--channels={arguments.channels}", f"--width={arguments.width}"]
    sides = {
        name: [Contestant([*command, f"--train={name}"], arguments.cores, source)]
        for name, source in sources.items()
    }
    turns = take_turns(sides, arguments.rounds, arguments.seconds)
    print(
        f"{arguments.channels} channel(s), width {arguments.width:g}, batch {BATCH}, cores "
        f"{arguments.cores}; load of the machine at the end {os.getloadavg()[0]:.1f}"
    )
    for name, theirs in turns.items():
        cpu = [turn.cpu_ms for turn in theirs]
        clock = [1000 / turn.steps_per_second for turn in theirs]
        cpu_ratios = [a.cpu_ms / b.cpu_ms for a, b in zip(turns[OURS], theirs)]
        clock_ratios = [
            b.steps_per_second / a.steps_per_second for a, b in zip(turns[OURS], theirs)
        ]
        print(
            f"  {name:19} CPU {statistics.median(cpu):6.1f} ms/step ({min(cpu):.1f} to "
            f"{max(cpu):.1f}), clock {statistics.median(clock):7.2f}, "
            f"{statistics.median(turn.cores_used for turn in theirs):.2f} cores, "
            f"{statistics.median(turn.faults for turn in theirs):6.0f} page faults/step; "
            f"tfdis takes {statistics.median(cpu_ratios):.2f} of its CPU, "
            f"{statistics.median(clock_ratios):.2f} of its clock"
        )


if __name__ == "__main__":
    main()
