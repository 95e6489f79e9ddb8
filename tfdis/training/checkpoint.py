"""The state of a run on disk: complete at every moment, also after kill -9."""

import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import keras
import numpy as np
import tensorflow as tf

from tfdis import results
from tfdis.disk import os_errors
from tfdis.errors import UserError
from tfdis.training.callbacks import IntervalCallback, Logs
from tfdis.training.loop import Trainable


class Stateful(Protocol):
    """An object with a state besides the weights: the loop, and callbacks that count."""

    def get_state(self) -> dict[str, Any]:
        """The state that a resumed run needs, for JSON."""

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state."""


class Checkpoints(IntervalCallback):
    """Saves a run to `directory/<step>/`, written aside and renamed; keeps the newest checkpoints.

    Noise and batches are keyed by the step, so only weights, optimizers, counters and the elapsed
    time are saved. It is the last of the callbacks, so that the others have counted the step.

    Args:
        directory: where checkpoints go.
        stateful: other objects with a state, in a fixed order; those without `get_state`, such as
            Keras' own callbacks, are skipped.
        seconds: between two checkpoints.
        keep: how many of the newest are kept, or "all".
    """

    def __init__(
        self,
        directory: str | os.PathLike,
        stateful: Sequence[Any],
        seconds: float,
        keep: int | Literal["all"] = 1,
    ):
        super().__init__()
        self.directory, self.seconds, self.keep = Path(directory), seconds, keep
        self.stateful: list[Stateful] = [each for each in stateful if hasattr(each, "get_state")]
        self._last = self._start = time.monotonic()
        self._elapsed_before = 0.0

    @property
    def elapsed_time(self) -> float:
        """Seconds of training, including those before a resume."""
        return self._elapsed_before + time.monotonic() - self._start

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves when it is due; at the end of an epoch only after all callbacks were called."""
        del logs
        if self.model.steps % self.params["steps"]:
            self._save_in_time()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves when it is due."""
        del epoch, logs
        self._save_in_time()

    def _save_in_time(self) -> None:
        if time.monotonic() - self._last >= self.seconds:
            self.save(self.model, self.model.steps)

    def save(self, model: Trainable, step: int) -> Path:
        """Writes the checkpoint of this step, then removes the older ones.

        Raises:
            UserError: a weight is not finite, or the disk is full.
        """
        _refuse_not_finite(model, step)
        path = self.directory / f"{step:08d}"
        if not path.is_dir():
            with results.staged_directory(path) as partial:
                _write(model.state, partial / "state")
                state = {
                    "step": step,
                    "elapsed_time": self.elapsed_time,
                    "names": self._names,
                    "callbacks": [each.get_state() for each in self.stateful],
                }
                results.write_json(partial / "run.json", state)
        for older in [] if self.keep == "all" else _all(self.directory)[: -self.keep]:
            shutil.rmtree(older, ignore_errors=True)
        self._last = time.monotonic()
        return path

    def restore(self, model: Trainable) -> int:
        """Restores the newest checkpoint; returns its step, 0 where there is none."""
        path = latest(self.directory)
        if path is None:
            return 0
        read(path, model.state)
        state = results.read_json(path / "run.json")
        if "callbacks" in state and "names" not in state:
            raise UserError(
                f"The checkpoint {path} was written by an earlier version of tfdis, which this one "
                "cannot continue: train again, in another directory."
            )
        try:
            step, elapsed = int(state["step"]), float(state["elapsed_time"])
            names, states = state["names"], state["callbacks"]
            if names != self._names:
                raise UserError(
                    f"The checkpoint {path} is of a run with {', '.join(names)}, and this one has "
                    f"{', '.join(self._names)}: continue with the callbacks of its start."
                )
            for each, its_state in zip(self.stateful, states, strict=True):
                each.set_state(its_state)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(
                f"{path / 'run.json'} is damaged: remove {path}, and the run continues from an "
                "earlier checkpoint or from the beginning."
            ) from error
        self._elapsed_before = elapsed
        return step

    @property
    def _names(self) -> list[str]:
        return [type(each).__name__ for each in self.stateful]


def latest(directory: str | os.PathLike) -> Path | None:
    """The newest checkpoint of a checkpoints/ directory, or None."""
    return (_all(directory) or [None])[-1]


def read(path: Path, state: Mapping[str, Sequence[keras.Variable]]) -> None:
    """Reads variables from a checkpoint.

    Args:
        path: a checkpoint's directory.
        state: a model's `state`, or some of its parts.

    Raises:
        UserError: it is damaged, or of a model of another shape.
    """
    try:
        status = _trackable(state).read(str(path / "state"))
        status.assert_existing_objects_matched().expect_partial()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"The checkpoint {path} does not fit the model that the gin config describes, or is "
            f"damaged: {reason}"
        ) from error


def _write(state: Mapping[str, Sequence[keras.Variable]], path: Path) -> None:
    with os_errors():
        _trackable(state).write(str(path))


def _trackable(state: Mapping[str, Sequence[keras.Variable]]) -> tf.train.Checkpoint:
    # Variables one by one: TensorFlow does not see through Keras' lists of layers.
    parts = {name: [variable.value for variable in part] for name, part in state.items()}
    return tf.train.Checkpoint(**parts)


def _all(directory: str | os.PathLike) -> list[Path]:
    paths = Path(directory).glob("*")
    return sorted(path for path in paths if re.fullmatch(r"\d{8,}", path.name))


def _refuse_not_finite(model: Trainable, step: int) -> None:
    for variable in [each for part in model.state.values() for each in part]:
        if not np.isfinite(variable.numpy()).all():
            raise UserError(
                f"The weights {variable.path} are not finite after step {step}: lower the learning "
                "rate; the last checkpoint before it is kept."
            )
