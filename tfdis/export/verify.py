"""Compares the outputs of exported files with Keras' before the files are renamed."""

from collections.abc import Sequence

import numpy as np

from tfdis.errors import UserError
from tfdis.export.parts import Part

BATCH_SIZES = (1, 7, 64)
TOLERANCE = 1e-4

# One batch: arrays by input name.
Inputs = dict[str, np.ndarray]


def batches(part: Part, seed: int = 0) -> list[Inputs]:
    """Random batches of `BATCH_SIZES`: images and labels in [0, 1], codes and noise normal."""
    random = np.random.default_rng(seed)

    def draw(name: str, shape: Sequence[int]) -> np.ndarray:
        if name in ("images", "labels"):
            return random.random(shape, np.float32)
        return random.standard_normal(shape, np.float32)

    return [
        {
            name: draw(name, (size, *tensor.shape[1:]))
            for name, tensor in zip(part.inputs, part.model.inputs)
        }
        for size in BATCH_SIZES
    ]


def keras_outputs(part: Part, inputs: Inputs) -> list[np.ndarray]:
    """Keras' outputs for one batch."""
    outputs = part.model([inputs[name] for name in part.inputs], training=False)
    # Keras gives a single output alone.
    outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
    return [np.asarray(output) for output in outputs]


def verify(part: Part, found: Sequence[Sequence[np.ndarray]], what: str) -> float:
    """Compares what an exported file gave with Keras.

    Args:
        part: what was exported.
        found: the outputs of the exported file for each of `batches(part)`.
        what: the file, for the error.

    Returns:
        The largest absolute difference of any output.

    Raises:
        UserError: it is above `TOLERANCE`, not finite, or the outputs have other shapes.
    """
    largest = 0.0
    for batch, outputs in zip(batches(part), found, strict=True):
        expected_outputs = keras_outputs(part, batch)
        for name, output, expected in zip(part.outputs, outputs, expected_outputs, strict=True):
            if output.shape != expected.shape:
                raise UserError(
                    f"{what}: the output '{name}' has the shape {list(output.shape)} where Keras "
                    f"gives {list(expected.shape)}; nothing was exported."
                )
            # np.maximum, because Python's max may drop a NaN.
            largest = float(np.maximum(largest, np.abs(output - expected).max()))
    if not largest <= TOLERANCE:
        raise UserError(
            f"{what} differs from Keras by {largest:.2g}, more than {TOLERANCE:g}: nothing was "
            "exported."
        )
    return largest
