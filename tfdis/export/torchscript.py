"""Export to TorchScript, by Keras' torch backend in a process of its own."""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from tfdis.errors import UserError
from tfdis.export.parts import Part
from tfdis.export.verify import Inputs, batches, verify
from tfdis.extras import require
from tfdis.results import written_aside

_RUNNER = Path(__file__).with_name("_run_torchscript.py")


def export_torchscript(parts: Mapping[Path, Part]) -> dict[Path, float]:
    """Writes parts as TorchScript files, after their outputs were found equal to Keras'.

    `torch.jit.load` reads a file in a process without Keras or TensorFlow, and that is how it is
    checked. Inputs come in the part's order; one output comes alone, several as a tuple.

    Args:
        parts: the files to write and what to write into them; see `tfdis.export.parts`.

    Returns:
        The largest difference from Keras by file.

    Raises:
        UserError: PyTorch is missing, cannot trace a network, or gives other numbers than Keras.
    """
    require("torch", "TorchScript")
    with contextlib.ExitStack() as stack:
        partials = {path: stack.enter_context(written_aside(path)) for path in parts}
        _trace({partials[path]: part for path, part in parts.items()})
        found = run_torchscript({partials[path]: batches(part) for path, part in parts.items()})
        return {
            path: verify(part, found[partials[path]], path.name) for path, part in parts.items()
        }


def run_torchscript(inputs: Mapping[Path, Sequence[Inputs]]) -> dict[Path, list[list[np.ndarray]]]:
    """Runs files on batches, in a process that has neither Keras nor TensorFlow.

    Args:
        inputs: batches by file.

    Returns:
        The outputs of every batch by file.

    Raises:
        UserError: a file is missing, damaged, or no TorchScript file.
    """
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for number, (path, file_batches) in enumerate(inputs.items()):
            job = {
                "torchscript": os.fspath(path),
                "inputs": f"{folder}/inputs_{number}.npz",
                "outputs": f"{folder}/outputs_{number}.npz",
            }
            named = {
                f"{position}/{name}": array
                for position, batch in enumerate(file_batches)
                for name, array in batch.items()
            }
            np.savez(job["inputs"], **named)
            jobs.append(job)
        files = ", ".join(map(str, inputs))
        # -P, as this folder's onnx.py would otherwise stand before the package onnx.
        _python(["-P", str(_RUNNER)], jobs, f"{files} cannot be run as TorchScript")
        return {path: _outputs(job["outputs"]) for path, job in zip(inputs, jobs)}


def _outputs(path: str) -> list[list[np.ndarray]]:
    results: dict[str, list[np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as stored:
        for name in stored.files:
            results.setdefault(name.split("/")[0], []).append(stored[name])
    return list(results.values())


def _trace(parts: Mapping[Path, Part]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for number, (path, part) in enumerate(parts.items()):
            keras_path = f"{folder}/part_{number}.keras"
            part.model.save(keras_path)
            # Layers of other modules than Keras' must be known before the file can be read again.
            modules = {type(layer).__module__ for layer in _layers(part.model)}
            modules = sorted(module for module in modules if module.split(".")[0] != "keras")
            jobs.append({"keras": keras_path, "torchscript": str(path), "modules": modules})
        names = ", ".join(part.name for part in parts.values())
        module = "tfdis.export._trace_torchscript"
        _python(["-m", module], jobs, f"{names} cannot become TorchScript", KERAS_BACKEND="torch")


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _python(command: Sequence[str], jobs: list[dict], failure: str, **environment: str) -> None:
    """Runs Python on a file of jobs; its errors become a UserError."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as handle:
        json.dump(jobs, handle)
        handle.flush()
        python_path = os.pathsep.join(path for path in sys.path if path)
        result = subprocess.run(
            [sys.executable, *command, handle.name],
            env={**os.environ, "PYTHONPATH": python_path, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        raise UserError(f"{failure}: {_complaint(result.stderr) or result.returncode}")


def _complaint(stderr: str) -> str:
    """The line of a traceback that names the exception; many more lines may follow it."""
    lines = [line for line in stderr.splitlines() if re.match(r"[\w.]+(Error|Exception):", line)]
    return lines[-1][:300] if lines else ""
