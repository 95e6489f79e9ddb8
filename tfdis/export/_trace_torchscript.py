"""Traces Keras models with Keras' torch backend; runs in a process of its own.

Usage: KERAS_BACKEND=torch python -m tfdis.export._trace_torchscript JOBS.json

JOBS.json is a list of {"keras": path, "torchscript": path, "modules": modules to import first}.
"""

import importlib
import io
import json
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import keras


def trace(keras_path: str, torchscript_path: str, modules: Sequence[str]) -> None:
    """Writes one TorchScript file."""
    import torch  # here, as gin's registration imports every module, and torch is optional

    class Flat(torch.nn.Module):
        """Takes the inputs one by one, gives several outputs as a tuple and one alone."""

        def __init__(self, model: keras.Model):
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
            outputs = self.model(list(inputs), training=False)
            return tuple(outputs) if isinstance(outputs, list | tuple) else outputs

    for module in modules:
        importlib.import_module(module)
    model = keras.models.load_model(keras_path, compile=False, safe_mode=True)
    for variable in model.variables:
        # Tracing refuses constants with a gradient, and treats some of Keras' weights as constants.
        variable.value.requires_grad_(False)
    # Two images, because tracing may treat a dimension of size one as a constant.
    examples = tuple(torch.zeros(2, *tensor.shape[1:]) for tensor in model.inputs)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(Flat(model).eval(), examples, check_trace=False)
        content = io.BytesIO()  # as on a full disk PyTorch would abort the process
        torch.jit.save(torch.jit.freeze(traced.eval()), content)
    Path(torchscript_path).write_bytes(content.getbuffer())


if __name__ == "__main__":
    for job in json.loads(Path(sys.argv[1]).read_text()):
        trace(job["keras"], job["torchscript"], job["modules"])
