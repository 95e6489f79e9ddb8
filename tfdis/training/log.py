"""Where the numbers of a run go: progress.jsonl, the progress bar and the loggers."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tfdis import results
from tfdis.errors import UserError
from tfdis.training.callbacks import MeanOverInterval
from tfdis.training.loop import Trainer
from tfdis.training.progress import ProgressBar


class Logger(Protocol):
    """A place outside of the model directory that hears of a run."""

    def config(self, bindings: Mapping[str, str]) -> None:
        """The gin bindings of the run."""

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Numbers at a step."""

    def image(self, step: int, name: str, path: str | os.PathLike) -> None:
        """A picture file, PNG or GIF."""

    def close(self) -> None:
        """The run has ended."""


class Log(MeanOverInterval):
    """Writes the means over every interval, and shows every call on the progress bar.

    Args:
        path: progress.jsonl; lines past the step of a resumed run are dropped.
        bar: the progress bar.
        loggers: hear of every interval too.
        every: steps between lines.
    """

    def __init__(
        self, path: str | os.PathLike, bar: ProgressBar, loggers: Sequence[Logger], every: int
    ):
        super().__init__(every)
        self.path, self.bar, self.loggers = Path(path), bar, loggers
        self.scores: dict[str, float] = {}
        self._start, self._there = 0, set()

    def start(self, step: int) -> None:
        """Begins, or goes on at `step`."""
        self.bar.start(step)
        if self.path.exists():
            lines = self.path.read_text(errors="replace").splitlines(keepends=True)
            # The last line of a killed run may be cut short.
            kept = [line for line in lines if line.endswith("\n") and _step(line) <= step]
            if kept != lines:
                results.write_text(self.path, "".join(kept))
            self._there = {_names(line) for line in kept if _step(line) == step}
            self._start = step

    def after_steps(
        self, trainer: Trainer, step: int, num_steps: int, sums: Mapping[str, float]
    ) -> None:
        """Shows the means of the call, with the newest scores."""
        means = {name: value / num_steps for name, value in sums.items()}
        self.bar.update(step, {**means, **self.scores})
        super().after_steps(trainer, step, num_steps, sums)

    def on_means(self, trainer: Trainer, step: int, means: Mapping[str, float]) -> None:
        """Writes one line."""
        rate = trainer.learning_rate
        self.write(step, {**means, "learning_rate": rate})

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Appends a line to progress.jsonl and tells the loggers.

        What a run wrote at the step that it goes on from, such as its last scores, is not repeated.

        Raises:
            UserError: the file cannot be written.
        """
        line = json.dumps({"step": step, **values}) + "\n"
        if step != self._start or _names(line) not in self._there:
            try:
                with self.path.open("a") as handle:
                    handle.write(line)
            except OSError as error:
                raise UserError(f"{self.path} could not be written: {error.strerror}.") from error
        for logger in self.loggers:
            logger.scalars(step, values)


def _step(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _names(line: str) -> frozenset[str]:
    return frozenset(json.loads(line))
