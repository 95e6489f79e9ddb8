"""Export to a TensorFlow SavedModel whose signatures are the parts."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdis.disk import os_errors
from tfdis.errors import UserError
from tfdis.export.parts import Part
from tfdis.export.verify import batches, verify
from tfdis.operations import refuse_operations
from tfdis.results import staged_directory


def export_savedmodel(parts: Sequence[Part], path: str | os.PathLike) -> dict[str, float]:
    """Writes parts as one SavedModel, after its outputs were found equal to Keras'.

    Each part is a signature of its name, with its inputs and outputs by their names.

    Args:
        parts: see `tfdis.export.parts`.
        path: the directory to write.

    Returns:
        The largest difference from Keras by part.

    Raises:
        UserError: the directory exists, or the SavedModel gives other numbers than Keras.
    """
    module = tf.Module()
    module.parts = [part.model.weights for part in parts]
    with staged_directory(path) as partial:
        signatures = {part.name: _signature(part) for part in parts}
        with os_errors():
            tf.saved_model.save(module, str(partial), signatures)
        signatures = tf.saved_model.load(str(partial)).signatures
        return {
            part.name: verify(part, _run(signatures[part.name], part), Path(path).name)
            for part in parts
        }


def _signature(part: Part) -> tf.types.experimental.PolymorphicFunction:
    specs = [
        tf.TensorSpec([None, *tensor.shape[1:]], tf.float32, name)
        for name, tensor in zip(part.inputs, part.model.inputs)
    ]

    @tf.function(input_signature=specs, autograph=False)
    def signature(*inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = part.model(list(inputs), training=False)
        return dict(zip(part.outputs, tf.nest.flatten(outputs), strict=True))

    return signature


def _run(signature: tf.types.experimental.ConcreteFunction, part: Part) -> list[list[np.ndarray]]:
    results = []
    for batch in batches(part):
        outputs = signature(**{name: tf.constant(array) for name, array in batch.items()})
        results.append([outputs[name].numpy() for name in part.outputs])
    return results


def load_savedmodel(path: str | os.PathLike) -> dict[str, tf.types.experimental.ConcreteFunction]:
    """The signatures of a SavedModel by name.

    Raises:
        UserError: the directory holds none, or a damaged one.
    """
    refuse_operations(path)
    try:
        loaded = tf.saved_model.load(os.fspath(path))
    # TensorFlow's loader raises whatever the first wrong byte leads to.
    except Exception as error:
        raise UserError(f"{path} holds no SavedModel that can be read: {error}.") from error
    return dict(loaded.signatures)
