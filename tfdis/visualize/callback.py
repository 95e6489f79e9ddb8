"""Draws during the training and at its end."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.training.callbacks import Callback
from tfdis.visualize.draw import KINDS, draw_all, refuse_unknown_binding

if TYPE_CHECKING:
    from tfdis.training.loop import Trainer
    from tfdis.training.run import Run


@configurable("visualization")
class Visualization(Callback):
    """Draws all pictures at the end, and some kinds on the way, each at its own interval.

    The last ones go to `visualizations/` in the model directory, those of step 5,000 to
    `visualizations/steps/005000/`. The loggers get them all.

    Args:
        intervals: steps between two drawings, by kind of picture (see `draw_all`).

    Raises:
        UserError: there is no such kind, or an interval is no positive number of steps.

    Example:
        ```
        model.callbacks = [@visualization()]
        visualization.intervals = {"reconstructions": 1000, "traversals": 5000}
        ```
    """

    def __init__(self, intervals: Mapping[str, int] | None = None):
        refuse_unknown_binding()  # now, and not after a training of hours
        self.intervals = dict(intervals or {})
        for kind, interval in self.intervals.items():
            if kind not in KINDS or not isinstance(interval, int) or interval < 1:
                raise UserError(
                    f"visualization.intervals has '{kind}': {interval!r}; expected one of "
                    f"{', '.join(KINDS)} and a positive number of steps."
                )
        super().__init__(math.gcd(*self.intervals.values()))

    def begin(self, run: "Run", step: int) -> None:
        """Takes note of the run."""
        self._run, self._trained = run, run.trained

    def on_interval(self, trainer: "Trainer", step: int) -> None:
        """Draws the kinds whose interval ends here."""
        due = [kind for kind in KINDS if kind in self.intervals and not step % self.intervals[kind]]
        if due:
            self._draw(f"visualizations/steps/{step:06d}", step, kinds=due)

    def end(self, run: "Run", step: int) -> None:
        """Draws everything, and prints the table of mutual information."""
        table = self._draw("visualizations", step)
        run.written.append(run.model_dir / "visualizations")
        if table:
            run.log.bar.message(table.rstrip())

    def _draw(self, folder: str, step: int, **options: list[str]) -> str:
        run = self._run
        drawn = draw_all(self._trained, run.data, run.model_dir / folder, run.log.path, **options)
        for path in drawn.paths:
            if path.suffix in (".png", ".gif"):
                for logger in run.log.loggers:
                    logger.image(step, f"pictures/{path.name}", path)
        return drawn.information
