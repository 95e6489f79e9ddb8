"""Images per second, Keras against ONNX Runtime, for encoding and for decoding.

    python benchmarks/export.py [--model_dir=models/beta_tcvae]

Without a model, disentanglement_lib's networks with random weights on 64x64x1 images. The two take
turns in one run; shown are medians.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tfdis.architectures.decoders import deconv_decoder
from tfdis.architectures.encoders import conv_encoder
from tfdis.export.onnx import export_onnx, onnx_session
from tfdis.export.parts import part
from tfdis.losses.bernoulli import BernoulliLoss
from tfdis.models.trained import TrainedModel, load
from tfdis.models.vae import VAE

BATCH_SIZES = (1, 64, 512)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model_dir", help="what tfdis-train left")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each")
    arguments = parser.parse_args()
    trained = load(arguments.model_dir) if arguments.model_dir else _untrained()

    print(f"{'':<10}{'batch':>6}{'Keras, 1/s':>14}{'ONNX, 1/s':>14}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for name, keras_function in (("encoder", trained.encode), ("decoder", trained.decode)):
            exported = part(trained.model, name, "NHWC")
            path = Path(folder, f"{name}.onnx")
            export_onnx(exported, path)
            session = onnx_session(path)
            for size in BATCH_SIZES:
                shape = (size, *exported.model.inputs[0].shape[1:])
                inputs = np.random.default_rng(0).random(shape, np.float32)
                feed = {exported.inputs[0]: inputs}
                keras_rate, onnx_rate = _rates(
                    [
                        lambda f=keras_function, x=inputs: f(x),
                        lambda s=session, x=feed: s.run(None, x),
                    ],
                    size,
                    arguments.rounds,
                )
                ratio = onnx_rate / keras_rate
                print(f"{name:<10}{size:>6}{keras_rate:>14.0f}{onnx_rate:>14.0f}{ratio:>8.2f}")


def _rates(functions: list[Callable[[], object]], size: int, rounds: int) -> list[float]:
    """Images per second of each, medians over `rounds`, taking turns."""
    repeats = max(1, 512 // size)
    seconds: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds + 1):
        for function, times in zip(functions, seconds, strict=True):
            begin = time.perf_counter()
            for _ in range(repeats):
                function()
            times.append(time.perf_counter() - begin)
    # The first turn also compiles.
    return [repeats * size / statistics.median(times[1:]) for times in seconds]


def _untrained() -> TrainedModel:
    shape = (64, 64, 1)
    model = VAE(conv_encoder(10, shape), deconv_decoder(10, shape), [BernoulliLoss()])
    return TrainedModel(model)


if __name__ == "__main__":
    main()
