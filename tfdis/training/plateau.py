"""Reduces the learning rate when the objective stops falling."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import tensorflow as tf
from annotated_types import Ge

from tfdis.checks import Fraction
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.optimizers import schedule_of
from tfdis.training.callbacks import IntervalCallback, Logs


@configurable("reduce_on_plateau")
class ReduceOnPlateau(IntervalCallback):
    """Multiplies the learning rate by `factor` when the objective's epoch mean is on a plateau.

    As Keras' `ReduceLROnPlateau`, but it survives a resume, and epochs are compared relatively.

    Args:
        factor: between 0 and 1.
        patience: how many epochs in a row may fail to improve on the best; one more, and the rate
            is reduced.
        floor: the rate is never reduced below.
        threshold: the relative amount by which an epoch must be below the best to count.
    """

    def __init__(
        self,
        factor: Fraction = 0.1,
        patience: Annotated[int, Ge(0)] = 10,
        floor: Annotated[float, Ge(0)] = 0.0,
        threshold: Annotated[float, Ge(0)] = 1e-4,
    ):
        super().__init__()
        self.factor, self.patience, self.floor = factor, patience, floor
        self.threshold = threshold
        self.best, self.bad_epochs = math.inf, 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Checks that the learning rate is a number.

        Raises:
            UserError: the learning rate follows a schedule.
        """
        super().on_train_begin(logs)
        if schedule_of(self.model.optimizer) is not None:
            raise UserError(
                "The learning rate follows a schedule, which reduce_on_plateau cannot reduce: bind "
                "a number to it, or leave model.plateau out."
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compares the epoch with the best so far."""
        del epoch
        loss = (logs or {})["loss"]
        margin = self.threshold * abs(self.best) if math.isfinite(self.best) else 0.0
        if loss < self.best - margin:
            self.best, self.bad_epochs = loss, 0
            return
        self.bad_epochs += 1
        if self.bad_epochs > self.patience:
            optimizer = self.model.optimizer
            # A variable with a copy on each device cannot be converted to a float.
            rate = float(tf.convert_to_tensor(optimizer.learning_rate))
            optimizer.learning_rate = max(rate * self.factor, self.floor)
            self.bad_epochs = 0

    def get_state(self) -> dict[str, Any]:
        """The counters."""
        best = None if self.best == math.inf else self.best
        return {"best": best, "bad_epochs": self.bad_epochs}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the counters."""
        self.best = math.inf if state["best"] is None else state["best"]
        self.bad_epochs = state["bad_epochs"]
