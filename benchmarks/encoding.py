"""Images per second of an evaluation, beside the same multiplications as one matrix product.

    python benchmarks/encoding.py [--images=20000] [--cores=0] [--rounds=5]
    python benchmarks/encoding.py --study     the six metrics at the study's sizes, with encoding

A conv_encoder with random weights on sprites, by the path that tfdis-evaluate takes: the images of
indices, as floats, encoded in batches, gathered in a table. The product is as large as fits in the
time of a batch, and is scaled to the multiplications of the encoder.
"""

import argparse
import os
import resource
import statistics
import time

import numpy as np

_SIDE = 2048  # of the product's matrices
SIX = ["beta_vae_sklearn", "factor_vae_score", "mig", "irs", "dci", "sap_score"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000, help="per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", default=",".join(map(str, sorted(os.sched_getaffinity(0)))))
    parser.add_argument("--study", action="store_true", help="the six metrics instead")
    arguments = parser.parse_args()
    cores = {int(core) for core in arguments.cores.split(",")}
    os.sched_setaffinity(0, cores)
    for name in ("OMP_NUM", "OPENBLAS_NUM", "NUMBA_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP"):
        os.environ[f"{name}_THREADS"] = str(len(cores))

    from tfdis.data.sprites import Sprites

    data = Sprites()
    if arguments.study:
        study(data)
    else:
        rates(data, arguments)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def rates(data, arguments):
    """Rounds of both, in turns."""
    import tensorflow as tf

    from tfdis.evaluation.sources import source_of

    network = make_encoder(data)
    encoder = traced(network)
    gflop = flop_per_image(network) * arguments.images / 1e9
    products = max(1, round(gflop * 1e9 / (2 * _SIDE**3)))
    a, b = tf.random.normal([_SIDE, _SIDE]), tf.random.normal([_SIDE, _SIDE])

    def encode():
        # A new source each time, so that nothing is in its table.
        source_of(data, encoder).points(arguments.images, np.random.RandomState(0))

    def multiply():
        for _ in range(products):
            tf.matmul(a, b).numpy()

    taken = {"encoding": [], "product": []}
    for _ in range(arguments.rounds + 1):
        for name, function, scale in (
            ("encoding", encode, 1.0),
            ("product", multiply, gflop * 1e9 / (products * 2 * _SIDE**3)),
        ):
            start, busy = time.monotonic(), time.process_time()
            function()
            times = (time.monotonic() - start, time.process_time() - busy)
            taken[name].append([scale * each for each in times])
    print(f"cores {arguments.cores}; load of the machine at the end {os.getloadavg()[0]:.1f}")
    for name, times in taken.items():
        clock, cpu = (statistics.median(column) for column in zip(*times[1:]))
        print(
            f"  {name:9} {arguments.images / clock:7.0f} images/s by the clock, "
            f"{1e6 * cpu / arguments.images:6.1f} us of CPU an image ({gflop / cpu:.1f} GFLOP per "
            f"second of CPU), {cpu / clock:.2f} cores"
        )
    rounds = zip(taken["encoding"][1:], taken["product"][1:])
    clock, cpu = np.median([np.divide(*times) for times in rounds], axis=0)
    print(f"  encoding takes {clock:.2f} of the product's time by the clock, {cpu:.2f} of its CPU")


def study(data):
    """The six metrics, all of one table; the parameters are the study's by themselves."""
    from tfdis.evaluation.scoring import evaluate

    encoder, start, busy = traced(make_encoder(data)), time.monotonic(), time.process_time()
    evaluate(encoder, data, SIX)
    print(
        f"{', '.join(SIX)}: {time.monotonic() - start:.1f} s, {time.process_time() - busy:.1f} s "
        f"of CPU on cores {','.join(map(str, sorted(os.sched_getaffinity(0))))}"
    )


def make_encoder(data):
    from tfdis.architectures.encoders import conv_encoder

    return conv_encoder(num_latent=10, input_shape=tuple(data.observation_shape))


def traced(network):
    """Images to codes, as a representation of which an image's row is kept."""
    import tensorflow as tf

    from tfdis.evaluation.representations import Representation

    mean = tf.function(
        lambda images: network(images, training=False)[0],
        input_signature=[tf.TensorSpec([None, *network.inputs[0].shape[1:]])],
        autograph=False,
    )
    return Representation(lambda images: mean(tf.constant(images)).numpy(), repeatable=True)


def flop_per_image(network):
    """Two for each multiplication of the convolutions and the dense layers."""
    total = 0
    for layer in network.layers:
        if hasattr(layer, "kernel"):
            places = np.prod(layer.output.shape[1:-1]) if len(layer.output.shape) == 4 else 1
            total += 2 * int(np.prod(layer.kernel.shape)) * int(places)
    return total


if __name__ == "__main__":
    main()
