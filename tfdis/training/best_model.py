"""The best model of a run, kept beside the last."""

import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfdis import results
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.training.callbacks import IntervalCallback, Logs


@configurable("best_model")
class BestModel(IntervalCallback):
    """Keeps in best/ the model of the step at which a number of the log was best.

    best/ is a model directory for all other commands: model.keras, tfhub/, and best.json with the
    step and the value.

    Args:
        value: a name in progress.jsonl, such as "validation_loss" or "mig.discrete_mig".
        largest: whether the largest value is the best.

    Example:
        In gin:

            model.callbacks = [@held_out_losses(), @best_model()]
            best_model.value = "validation_loss"
    """

    def __init__(self, value: str = "validation_loss", largest: bool = False):
        super().__init__()
        self.value, self.largest = value, largest
        self.best: float | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Subscribes to the log.

        Raises:
            UserError: `fit` is called, where Keras' ModelCheckpoint does this.
        """
        super().on_train_begin(logs)
        if self.run is None:
            raise UserError("BestModel is for tfdis-train: in fit, take Keras' ModelCheckpoint.")
        self.run.log.listeners.append(self)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Keeps the model where the value is better than all before."""
        if self.value not in values:
            return
        value = float(values[self.value])
        if math.isnan(value):
            return
        if self.best is not None and (value <= self.best if self.largest else value >= self.best):
            return
        self.best = value
        directory = Path(self.run.model_dir) / "best"
        directory.mkdir(exist_ok=True)
        self.model.save_in(directory)
        shutil.copytree(self.run.model_dir / "results", directory / "results", dirs_exist_ok=True)
        results.write_json(directory / "best.json", {"step": step, self.value: value})

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Warns where the log never had the value."""
        del logs
        if self.best is None:
            self.run.log.bar.message(
                f"best_model kept nothing: no line of progress.jsonl has '{self.value}'."
            )

    def get_state(self) -> dict[str, Any]:
        """The best value so far."""
        return {"best": self.best}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the best value."""
        self.best = state["best"]
