"""Keras' own callbacks by gin, under their class names: CSVLogger, EarlyStopping, TensorBoard, ...

A resumed run makes them anew: only those of this library remember what happened before.
"""

import inspect
from typing import Annotated, Any, Literal

import keras
from annotated_types import Ge

from tfdis.config import external_configurable

# Those that `fit` makes by itself are of no use here.
_NOT_BOUND = ("Callback", "CallbackList", "History", "ProgbarLogger")
_Count = Annotated[int, Ge(0)]
_PARAMETERS = {
    "filename": str,
    "filepath": str,
    "separator": str,
    "append": bool,
    "monitor": str,
    "mode": Literal["auto", "min", "max"],
    "verbose": Literal[0, 1, 2],
    "patience": _Count,
    "start_from_epoch": _Count,
    "min_delta": float,
    "baseline": float | None,
    "restore_best_weights": bool,
    "save_best_only": bool,
    "save_weights_only": bool,
    "log_dir": str,
}

for _name in dir(keras.callbacks):
    _thing = getattr(keras.callbacks, _name)
    if isinstance(_thing, type) and _name not in _NOT_BOUND:
        # What is not named above takes whatever the callback takes.
        _others = dict.fromkeys(inspect.signature(_thing).parameters, Any)
        _others.pop("kwargs", None)
        external_configurable(_thing, _name, {**_others, **_PARAMETERS})
