"""Scores of codes, as functions of arrays.

    from tfdis.metrics import mig
    mig(codes, factors)                      {"discrete_mig": 0.31}

Each file here defines the function of its own name, and it is found by that: a new score is one new
file. None of them needs gin's configuration or TensorFlow. The same names are registered in gin,
for `tfdis-evaluate`, with the sizes of disentanglement_lib's studies (gin_configs/metrics).
"""

import importlib
import pkgutil

for _name in [info.name for info in pkgutil.iter_modules(__path__)]:
    _module = importlib.import_module(f"{__name__}.{_name}")
    if hasattr(_module, _name):
        globals()[_name] = getattr(_module, _name)
