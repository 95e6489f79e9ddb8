"""The log of a run: progress.jsonl, the progress bar and the loggers."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import tensorflow as tf

from tfdis import results
from tfdis.errors import UserError
from tfdis.progress import ProgressBar
from tfdis.progress_log import parse_line
from tfdis.training.callbacks import Logs, MeanOverInterval


class Logger(Protocol):
    """A destination outside of the model directory, such as TensorBoard."""

    def config(self, bindings: Mapping[str, str]) -> None:
        """The gin bindings of the run."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers at a step."""

    def image(self, step: int, name: str, path: str | os.PathLike) -> None:
        """A picture file, PNG or GIF."""

    def close(self) -> None:
        """The run has ended."""


class Listener(Protocol):
    """A callback that gets every line of the log."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers at a step."""


class Log(MeanOverInterval):
    """Writes the means over every interval, and shows every call on the progress bar.

    Args:
        path: progress.jsonl; lines past the step of a resumed run are dropped.
        bar: the progress bar.
        loggers: get every interval too.
        every: steps between lines.

    Attributes:
        listeners: callbacks that get every line.
    """

    def __init__(
        self, path: str | os.PathLike, bar: ProgressBar, loggers: Sequence[Logger], every: int
    ):
        super().__init__(every)
        self.path, self.bar, self.loggers = Path(path), bar, loggers
        self.scores: dict[str, float] = {}
        self.listeners: list[Listener] = []
        self._resumed_at, self._there = 0, set()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins, or continues at the model's step."""
        super().on_train_begin(logs)
        schedules = self.model.schedules
        # In a graph, as in training: eagerly, TensorFlow refuses numbers that are too large.
        self._scheduled = tf.function(
            lambda step: {name: tf.cast(each(step), "float32") for name, each in schedules.items()},
            autograph=False,
        )
        step = self.model.steps
        self.bar.start(step)
        if self.path.exists():
            lines = self.path.read_text(errors="replace").splitlines(keepends=True)
            # The last line of a killed run may be cut short.
            kept = [line for line in lines if line.endswith("\n") and _step(line) <= step]
            if kept != lines:
                results.write_text(self.path, "".join(kept))
            self._there = {_names(line) for line in kept if _step(line) == step}
            self._resumed_at = step

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Shows the means over the epoch so far, with the newest scores."""
        self.bar.update(self.model.steps, {**(logs or {}), **self.scores})
        super().on_train_batch_end(batch, logs)

    def on_means(self, step: int, means: Logs) -> None:
        """Writes one line, with the learning rate and all schedules at this step."""
        scheduled = self._scheduled(tf.constant(step, tf.int64))
        rate = float(tf.convert_to_tensor(self.model.optimizer.learning_rate))
        numbers = {name: float(value) for name, value in scheduled.items()}
        self.write(step, {**means, "learning_rate": rate, **numbers})

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Appends a line to progress.jsonl and sends it to the loggers.

        Lines already written at the step of a resume, such as the last scores, are not repeated.

        Raises:
            UserError: the file cannot be written.
        """
        line = json.dumps({"step": step, **values}) + "\n"
        if step != self._resumed_at or _names(line) not in self._there:
            try:
                with self.path.open("a") as handle:
                    handle.write(line)
            except OSError as error:
                raise UserError(f"{self.path} could not be written: {error.strerror}.") from error
        for each in (*self.loggers, *self.listeners):
            each.scalars(step, values)


def _step(line: str) -> float:
    values = parse_line(line)
    return float("inf") if values is None else values["step"]


def _names(line: str) -> frozenset[str]:
    return frozenset(json.loads(line))
