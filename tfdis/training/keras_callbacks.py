"""Keras' own callbacks by gin, under their class names: CSVLogger, EarlyStopping, TensorBoard, ...

A resumed run creates them again: only this library's callbacks restore their state.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras

from tfdis.checks import Count, Fraction, Index, NotNegative
from tfdis.config import external_configurable

# Without the ones that `fit` creates by itself.
_NOT_BOUND = ("Callback", "CallbackList", "History", "ProgbarLogger")
_EVERY = Literal["epoch"] | Count
_PARAMETERS = {
    **dict.fromkeys(
        (
            *("append", "restore_best_weights", "save_best_only", "save_weights_only"),
            *("double_checkpoint", "delete_checkpoint", "save_on_background", "send_as_json"),
            *("swap_on_epoch", "write_graph", "write_images", "write_steps_per_second"),
            "raise_error",
        ),
        bool,
    ),
    **dict.fromkeys(
        ("filename", "filepath", "directory", "backup_dir", "log_dir", "monitor", "separator"), str
    ),
    **dict.fromkeys(("root", "path", "field"), str),
    **dict.fromkeys(("patience", "cooldown", "start_from_epoch", "histogram_freq"), Index),
    **dict.fromkeys(("embeddings_freq",), Index),
    **dict.fromkeys(("baseline", "initial_value_threshold"), float | None),
    **dict.fromkeys(
        (
            f"on_{when}"
            for when in (
                "epoch_begin",
                "epoch_end",
                "train_begin",
                "train_end",
                "train_batch_begin",
                "train_batch_end",
            )
        ),
        Callable[..., Any] | None,
    ),
    "mode": Literal["auto", "min", "max"],
    "verbose": Literal[0, 1, 2],
    "min_delta": NotNegative,
    "factor": Fraction,
    "min_lr": NotNegative,
    "schedule": Callable[..., float],
    "save_freq": _EVERY,
    "max_to_keep": Count | None,
    "update_freq": Literal["epoch", "batch"] | Count,
    "profile_batch": Index | Sequence[Count],
    "embeddings_metadata": Mapping[str, str] | str | None,
    "headers": Mapping[str, str] | None,
}

for _name in dir(keras.callbacks):
    _thing = getattr(keras.callbacks, _name)
    if isinstance(_thing, type) and _name not in _NOT_BOUND:
        external_configurable(_thing, _name, _PARAMETERS)
