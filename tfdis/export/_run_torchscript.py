"""Runs TorchScript files on stored batches, in a process that has neither Keras nor TensorFlow.

Usage: python -P _run_torchscript.py JOBS.json

JOBS.json is a list of {"torchscript": path, "inputs": path, "outputs": path}. INPUTS.npz holds
"<batch>/<input>" in order; OUTPUTS.npz gets "<batch>/<position>".
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np


def run(torchscript: str, inputs: str, outputs: str) -> None:
    """Runs one file on all its batches."""
    import torch  # here, as gin's registration imports every module, and torch is optional

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.jit.load(torchscript, map_location="cpu")
    batches: dict[str, list] = {}
    with np.load(inputs, allow_pickle=False) as stored:
        for name in stored.files:
            batches.setdefault(name.split("/")[0], []).append(torch.from_numpy(stored[name]))
    results = {}
    for number, batch in batches.items():
        with torch.no_grad():
            found = model(*batch)
        for position, output in enumerate(found if isinstance(found, tuple) else (found,)):
            results[f"{number}/{position}"] = output.numpy()
    np.savez(outputs, **results)


if __name__ == "__main__":
    for job in json.loads(Path(sys.argv[1]).read_text()):
        run(**job)
    assert not {"keras", "tensorflow"} & set(sys.modules), "TorchScript must need neither"
