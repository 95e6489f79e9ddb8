"""The learning rate, reduced when the objective stops to fall."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.training.callbacks import MeanOverInterval
from tfdis.training.loop import Trainer


class ReduceOnPlateau(MeanOverInterval):
    """Multiplies the learning rate by `factor` when the objective's epoch mean is on a plateau.

    Args:
        factor: below 1.
        patience: how many epochs in a row may fail to improve on the best; one more, and the rate
            is reduced.
        floor: the rate is never reduced below.
        threshold: the relative amount by which an epoch must be below the best to count.
        every: steps in an epoch.
    """

    def __init__(self, factor: float, patience: int, floor: float, threshold: float, every: int):
        super().__init__(every)
        self.factor, self.patience, self.floor = factor, patience, floor
        self.threshold = threshold
        self.best, self.bad_epochs = math.inf, 0

    def on_means(self, trainer: Trainer, step: int, means: Mapping[str, float]) -> None:
        """Compares the epoch with the best so far."""
        margin = self.threshold * abs(self.best) if math.isfinite(self.best) else 0.0
        if means["loss"] < self.best - margin:
            self.best, self.bad_epochs = means["loss"], 0
            return
        self.bad_epochs += 1
        if self.bad_epochs > self.patience:
            rate = max(trainer.learning_rate * self.factor, self.floor)
            trainer.model.optimizer.learning_rate = rate
            self.bad_epochs = 0

    def get_state(self) -> dict[str, Any]:
        """The counters, and the part of an epoch so far."""
        best = None if self.best == math.inf else self.best
        return {**super().get_state(), "best": best, "bad_epochs": self.bad_epochs}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Takes back the counters."""
        super().set_state(state)
        self.best = math.inf if state["best"] is None else state["best"]
        self.bad_epochs = state["bad_epochs"]


@configurable("reduce_on_plateau")
def reduce_on_plateau(
    factor: float = 0.1, patience: int = 10, floor: float = 0.0, threshold: float = 1e-4
) -> Callable[[int], ReduceOnPlateau]:
    """The gin name of `ReduceOnPlateau`, before it is known how many steps an epoch has.

    Returns:
        What makes the callback for epochs of so many steps.

    Raises:
        UserError: the factor is not between 0 and 1.
    """
    if not 0 < factor < 1:
        raise UserError(f"reduce_on_plateau.factor is {factor}: expected one between 0 and 1.")
    return functools.partial(ReduceOnPlateau, factor, patience, floor, threshold)
