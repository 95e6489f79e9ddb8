"""Keras callbacks that act at an interval of steps, in the training loop and in `fit`.

The loop calls the same methods as `fit`: `on_train_batch_end` after each call of the compiled loop,
which may hold many updates (as with Keras' `steps_per_execution`), with the means over the epoch
so far; `on_epoch_end`; `on_train_begin` and `on_train_end`. In `tfdis-train`, `params["run"]` is
the run.
"""

from collections.abc import Mapping
from typing import Any

import keras

Logs = Mapping[str, float]


class IntervalCallback(keras.callbacks.Callback):
    """A callback that acts at an interval of updates.

    A subclass writes `on_interval`, and `get_state` and `set_state` where a resumed run has to know
    what happened before.

    Args:
        every: updates per interval; a call of the loop never runs past the end of one. 0: none.

    Attributes:
        params: what Keras gives, and in `tfdis-train` "run", a `tfdis.training.run.Run`.
    """

    def __init__(self, every: int = 0):
        super().__init__()
        self.every = every
        self._interval = 0

    @property
    def run(self) -> Any:
        """The run of `tfdis-train`; None in `fit`."""
        return (self.params or {}).get("run")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Stores the step at which the run begins."""
        self._interval = self._number(self.model.steps)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Calls `on_interval` where one has ended."""
        del batch
        step = self.model.steps
        if self._number(step) > self._interval:
            self._interval = self._number(step)
            self.on_interval(step, logs or {})

    def on_interval(self, step: int, logs: Logs) -> None:
        """Called after every `every` updates.

        Args:
            step: updates so far.
            logs: the means over the epoch so far, of the loss and every term.
        """

    def _number(self, step: int) -> int:
        return step // self.every if self.every else 0

    def get_state(self) -> dict[str, Any]:
        """The state that a resumed run needs to continue without a difference; goes into JSON."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state of `get_state`."""


class MeanOverInterval(IntervalCallback):
    """A callback that gets the means over its whole interval.

    Keras gives the means over the epoch so far. Multiplied by the number of batches they are sums
    over the epoch, and their differences are the sums over any part of it.
    """

    def __init__(self, every: int):
        super().__init__(every)
        self._before: dict[str, float] = {}  # sums over the interval, of earlier epochs
        self._start: dict[str, float] = {}  # sums over the epoch where the interval began
        self._count, self._start_count = 0, 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Resets the sums over the epoch."""
        del epoch, logs
        self._start, self._start_count = {}, 0

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Adds to the sums; calls `on_means` at the interval's end."""
        self._sums = {name: value * (batch + 1) for name, value in (logs or {}).items()}
        self._batches = batch + 1
        super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keeps the sums of the epoch for an interval that continues."""
        del epoch, logs
        self._before, self._count = self._interval_sums()

    def on_interval(self, step: int, logs: Logs) -> None:
        """See `IntervalCallback`."""
        sums, count = self._interval_sums()
        self._before, self._count = {}, 0
        self._start, self._start_count = self._sums, self._batches
        self.on_means(step, {name: total / count for name, total in sums.items()})

    def on_means(self, step: int, means: Logs) -> None:
        """Called after every `every` updates with the means over them."""

    def _interval_sums(self) -> tuple[dict[str, float], int]:
        sums = {
            name: self._before.get(name, 0.0) + total - self._start.get(name, 0.0)
            for name, total in self._sums.items()
        }
        return sums, self._count + self._batches - self._start_count

    def get_state(self) -> dict[str, Any]:
        """The sums so far."""
        names = ("_before", "_count", "_start", "_start_count")
        return {name.strip("_"): getattr(self, name) for name in names}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the sums."""
        self._before, self._count = dict(state["before"]), state["count"]
        self._start, self._start_count = dict(state["start"]), state["start_count"]
