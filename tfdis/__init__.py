"""Disentangled representation learning on Keras 3 and TensorFlow.

    tfdis.load(model_dir)                    a trained model: encode, decode, reconstruct, traverse
    tfdis.push("hf://user/name", model_dir)  puts it on the Hugging Face Hub
    tfdis.evaluate(model, data, metrics)     disentanglement scores of a model
    tfdis.score(codes, factors, metrics)     the same scores of any codes

Everything else is imported from where it lives: `tfdis.models.vae.VAE`, `tfdis.losses.kl.KL`, ...
"""

import importlib
from typing import Any

from tfdis import onednn

__version__ = "0.2.0.dev0"

_HOMES = {
    "load": "tfdis.models.trained",
    "push": "tfdis.export.hub",
    "evaluate": "tfdis.evaluation.scoring",
    "score": "tfdis.evaluation.scoring",
}

# TensorFlow reads the setting once, when it is imported.
onednn.turn_on()


def __getattr__(name: str) -> Any:
    # On demand: a gin file can be found, and --help printed, without importing TensorFlow.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'tfdis' has no attribute '{name}'")
