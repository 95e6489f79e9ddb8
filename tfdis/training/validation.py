"""Losses on images that training never sees."""

from typing import Annotated

from annotated_types import Ge

from tfdis.config import configurable
from tfdis.data.feeding import IndependentDraw
from tfdis.data.sampling import split
from tfdis.errors import UserError
from tfdis.training.callbacks import IntervalCallback, Logs
from tfdis.training.loop import Trainer


@configurable("held_out_losses")
class Validation(IntervalCallback):
    """Measures the losses on what gin's `split` holds out, at an interval and at the end.

    The loss and every term go to progress.jsonl as "validation_loss", "validation_<term>", to the
    progress bar and to the loggers. Images and noise are the same every time.

    Args:
        every: steps between two measurements; 0: at the end only.
        num_batches: batches to measure on, of the run's batch size.

    Example:
        In gin:

            split.held_out_images = 0.1
            model.callbacks = [@held_out_losses()]
            held_out_losses.every = 1000
    """

    def __init__(
        self, every: Annotated[int, Ge(0)] = 1000, num_batches: Annotated[int, Ge(1)] = 20
    ):
        super().__init__(every)
        self.num_batches = num_batches
        self._written_at: int | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Selects the held-out part of the data.

        Raises:
            UserError: nothing is held out, or images come in groups.
        """
        super().on_train_begin(logs)
        run = self.run
        if run is None:
            raise UserError("Validation is for tfdis-train: in fit, pass validation_data.")
        trainer = run.trainer
        if trainer.feed.draw.group_size > 1:
            raise UserError("held_out_losses draws images one by one, and this model takes groups.")
        weights = split(run.data, part="held_out")
        if weights is None or not weights.any():
            raise UserError(
                "held_out_losses needs images that training does not see: bind "
                "split.held_out_images to their share, such as 0.1."
            )
        feed = trainer.feed.drawing(IndependentDraw(run.data.num_images, weights))
        self._validator = Trainer(
            self.model, feed, trainer.batch_size, 0, trainer.strategy, trainer.jit_compile
        )

    def on_interval(self, step: int, logs: Logs) -> None:
        """Measures the losses and logs them."""
        del logs
        values = self._validator.test_losses(self.num_batches)
        values = {f"validation_{name}": value for name, value in values.items()}
        self.run.log.scores.update(values)
        self.run.log.write(step, values)
        self._written_at = step

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Measures at the last step, unless an interval ended there."""
        if self._written_at != self.model.steps:
            self.on_interval(self.model.steps, logs or {})
