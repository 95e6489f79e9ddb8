"""Draws pictures during the training and at its end."""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from tfdis.checks import Count
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError
from tfdis.models.trained import TrainedModel
from tfdis.training.callbacks import IntervalCallback, Logs
from tfdis.visualize.draw import KINDS, draw_all, refuse_unknown_binding


@configurable("visualization", denylist=["data", "directory"])
class Visualization(IntervalCallback):
    """Draws all pictures at the end, and some kinds during the training, each at its own interval.

    The last ones go to `visualizations/` in the model directory, those of step 5,000 to
    `visualizations/steps/005000/`. The loggers get them all.

    Args:
        intervals: steps between two drawings, by kind of picture (see `draw_all`).
        data: for `fit`, the data to draw; `tfdis-train` draws what it trains on.
        directory: for `fit`, where `visualizations/` goes.

    Raises:
        UserError: there is no such kind, or an interval is not a positive number of steps.

    Example:
        ```
        model.callbacks = [@visualization()]
        visualization.intervals = {"reconstructions": 1000, "traversals": 5000}
        ```
    """

    def __init__(
        self,
        intervals: Mapping[str, Count] | None = None,
        data: GroundTruthData | None = None,
        directory: str | os.PathLike = ".",
    ):
        refuse_unknown_binding()  # now, and not after a training of hours
        self.data, self.directory = data, Path(directory)
        self.intervals = dict(intervals or {})
        for kind, interval in self.intervals.items():
            if kind not in KINDS:
                raise UserError(
                    f"visualization.intervals has '{kind}': {interval}; expected one of "
                    f"{', '.join(KINDS)}."
                )
        super().__init__(math.gcd(*self.intervals.values()))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Stores the model, and the run where there is one.

        Raises:
            UserError: `fit` is called without data to draw.
        """
        super().on_train_begin(logs)
        if self.run is None and self.data is None:
            raise UserError("Visualization needs data to draw in fit: pass data.")
        self._trained = TrainedModel(self.model)

    def on_interval(self, step: int, logs: Logs) -> None:
        """Draws the kinds whose interval ends here."""
        due = [kind for kind in KINDS if kind in self.intervals and not step % self.intervals[kind]]
        if due:
            self._draw(f"visualizations/steps/{step:06d}", step, kinds=due)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Draws everything, and prints the table of mutual information."""
        del logs
        table = self._draw("visualizations", self.model.steps).rstrip()
        if self.run is None:
            print(table)
            return
        self.run.written.append(self.run.model_dir / "visualizations")
        if table:
            self.run.log.bar.message(table)

    def _draw(self, folder: str, step: int, **options: list[str]) -> str:
        run = self.run
        if run is None:
            return draw_all(
                self._trained, self.data, self.directory / folder, None, **options
            ).information
        drawn = draw_all(self._trained, run.data, run.model_dir / folder, run.log.path, **options)
        for path in drawn.paths:
            if path.suffix in (".png", ".gif"):
                for logger in run.log.loggers:
                    logger.image(step, f"pictures/{path.name}", path)
        return drawn.information
