"""Models x steps per second of this machine: one-thread workers against one process of all threads.

    python benchmarks/study.py [--width=0.25] [--rounds=5] [--seconds=20]

Trains beta-TC-VAE on sprites, batch 64: in one process that uses all cores, and in as many
processes as there are cores, each on its own core with one thread, as tfdis-sweep runs them. The
two take turns, round by round; while one trains the other waits. Prints the medians and the ratio,
and the CPU time of a step, which other work on the machine disturbs less.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time


class Trainer:
    """A process that trains for as long as it is told."""

    def __init__(self, width, cores):
        command = [sys.executable, __file__, f"--width={width}", f"--train_on={cores}"]
        names = ("OMP_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP", "NUMBA_NUM")
        threads = str(len(cores.split(",")))
        environment = {**os.environ, **{f"{name}_THREADS": threads for name in names}}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )

    def begin(self, seconds):
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def rates(self):
        """Steps per second, and CPU milliseconds per step."""
        return tuple(map(float, self._process.stdout.readline().split()))

    def end(self):
        self._process.stdin.close()
        self._process.wait()


def train_when_told(width, cores):
    """The process' side: reads seconds, trains so long, prints what `rates` returns."""
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    from tfdis.architectures.decoders import deconv_decoder
    from tfdis.architectures.encoders import conv_encoder
    from tfdis.data.sprites import Sprites
    from tfdis.losses.bernoulli import BernoulliLoss
    from tfdis.losses.kl import KL
    from tfdis.losses.total_correlation import TotalCorrelation
    from tfdis.models.vae import VAE
    from tfdis.training import loop

    data = Sprites()
    shape = tuple(data.observation_shape)
    terms = [
        BernoulliLoss(name="reconstruction_loss"),
        KL(name="kl_loss"),
        TotalCorrelation(weight=5.0, name="total_correlation"),
    ]
    encoder = conv_encoder(num_latent=10, input_shape=shape, width=width)
    decoder = deconv_decoder(num_latent=10, output_shape=shape, width=width)
    model = VAE(encoder, decoder, terms)
    model.compile(keras.optimizers.Adam(1e-4))
    trainer = loop.Trainer(model, data.feed(), batch_size=64, seed=0)
    for line in sys.stdin:
        first, start, busy = trainer.model.steps, time.monotonic(), time.process_time()
        until = start + float(line)
        trainer.run(10**9, should_stop=lambda until=until: time.monotonic() >= until)
        steps = trainer.model.steps - first
        elapsed, used = time.monotonic() - start, time.process_time() - busy
        print(steps / elapsed, 1000 * used / steps, flush=True)


def round_of(trainers, seconds):
    """Steps per second of all trainers together, and the mean CPU milliseconds of a step."""
    for trainer in trainers:
        trainer.begin(seconds)
    steps, busy = zip(*[trainer.rates() for trainer in trainers])
    return sum(steps), statistics.mean(busy)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--train_on", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train_on:
        train_when_told(arguments.width, arguments.train_on)
        return
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))]
    sides = {
        "one process, all threads": [Trainer(arguments.width, ",".join(cores))],
        "one-thread workers": [Trainer(arguments.width, core) for core in cores],
    }
    rates = {name: [] for name in sides}
    for trainers in sides.values():
        round_of(trainers, 10.0)  # compiles
    for _ in range(arguments.rounds):
        for name, trainers in sides.items():
            rates[name].append(round_of(trainers, arguments.seconds))
    for trainers in sides.values():
        for trainer in trainers:
            trainer.end()
    load = os.getloadavg()[0]
    print(f"{len(cores)} cores, width {arguments.width}; load of the machine at the end {load:.1f}")
    medians = {}
    for name, rounds in rates.items():
        steps, busy = zip(*rounds)
        medians[name] = statistics.median(steps)
        print(
            f"{name:26} {medians[name]:6.1f} steps/s together ({min(steps):.1f} to "
            f"{max(steps):.1f}), {statistics.median(busy):.1f} ms of CPU per step"
        )
    together, alone = medians["one-thread workers"], medians["one process, all threads"]
    print(f"ratio {together / alone:.2f}")


if __name__ == "__main__":
    main()
