"""One training run: a model, its data, and its directory."""

import dataclasses
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras

from tfdis import results, signals
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError
from tfdis.training.callbacks import IntervalCallback
from tfdis.training.checkpoint import Checkpoints
from tfdis.training.log import Log
from tfdis.training.loop import Trainable, Trainer


@dataclasses.dataclass
class Run:
    """The run that callbacks are part of, as `params["run"]`.

    Attributes:
        model_dir: the directory that is written.
        model: the model that is trained.
        data: the data set that it is trained on.
        trainer: the loop.
        log: progress.jsonl, the progress bar and the loggers.
        checkpoints: the state on disk.
        callbacks: Keras callbacks; the log is the first, the checkpoints are the last.
        written: the paths that the run has written, in this order.
    """

    model_dir: Path
    model: Trainable
    data: GroundTruthData
    trainer: Trainer
    log: Log
    checkpoints: Checkpoints
    callbacks: Sequence[keras.callbacks.Callback]
    written: list[Path] = dataclasses.field(default_factory=list)

    def train(self, training_steps: int, time_budget: float | None) -> None:
        """Trains until the last step or the end of the time budget.

        Args:
            training_steps: updates of the model, including those before a resume.
            time_budget: seconds, including those before a resume; None: no limit.

        Raises:
            Interrupted: a signal came; the state is saved.
            UserError: a term is not finite, or the disk is full.
        """
        with signals.noticed() as interrupt:
            per_epoch = self.trainer.steps_per_epoch
            params = {"run": self, "steps": per_epoch, "epochs": -(-training_steps // per_epoch)}
            for callback in self.callbacks:
                callback.set_params(params)
                callback.set_model(self.model)
            for callback in self.callbacks:
                callback.on_train_begin()

            def should_stop() -> bool:
                return bool(interrupt) or _is_over(self.checkpoints.elapsed_time, time_budget)

            self.trainer.run(training_steps, self.callbacks, should_stop)
            self.log.bar.close()
            step = self.model.steps
            path = self.checkpoints.save(self.model, step)
            if interrupt:
                name = signal.Signals(interrupt.signal_number).name
                raise signals.Interrupted(
                    f"{name}: stopped at step {step} of {training_steps} and saved {path}; "
                    "continue with --resume.",
                    interrupt.signal_number,
                )
        self.written.append(path)

    def finish(self, eval_steps: int) -> dict[str, float]:
        """Saves the model, measures its losses, writes the results, and ends the callbacks.

        Args:
            eval_steps: batches to measure the losses on.

        Returns:
            The results of the stage.
        """
        # Keras' own first: they may still change the weights. Ours draw and score what is saved.
        for callback in self.callbacks:
            if not isinstance(callback, IntervalCallback):
                callback.on_train_end()
        self.model.finalize()
        self.written += self.model.save_in(self.model_dir)
        values = self.trainer.test_losses(eval_steps)
        numbers = {
            **in_the_fields_words(values),
            "global_step": self.model.steps,
            "elapsed_time": self.checkpoints.elapsed_time,
        }
        if self.model.stop_training:
            numbers["stopped_early"] = True
        results.update_result_directory(self.model_dir / "results", "train", numbers)
        names = ("results", "progress.jsonl")
        paths = [self.model_dir / name for name in names]
        self.written += [path for path in paths if path.exists()]
        for callback in self.callbacks:
            if isinstance(callback, IntervalCallback):
                callback.on_train_end()
        return numbers

    def move(self, directory: Path) -> None:
        """Records the new name of the run's directory."""
        before = self.model_dir
        self.written = [
            directory / path.relative_to(before) if path.is_relative_to(before) else path
            for path in self.written
        ]
        self.model_dir = directory
        self.log.path = directory / self.log.path.name
        self.checkpoints.directory = directory / self.checkpoints.directory.name


def in_the_fields_words(values: Mapping[str, float]) -> dict[str, float]:
    """The losses with disentanglement_lib's names beside those of the terms.

    elbo = -(reconstruction_loss + kl_loss) and regularizer = loss - reconstruction_loss.
    """
    named = dict(values)
    reconstruction = values.get("reconstruction_loss")
    if reconstruction is not None:
        named["regularizer"] = values["loss"] - reconstruction
        if "kl_loss" in values:
            named["elbo"] = -(reconstruction + values["kl_loss"])
    return named


def _is_over(elapsed_time: float, time_budget: float | None) -> bool:
    return time_budget is not None and elapsed_time >= time_budget


def refuse_small_data(data: GroundTruthData, batch_size: int) -> None:
    """Raises a UserError where a batch is larger than the data, or no batch at all."""
    if not 1 <= batch_size <= data.num_images:
        raise UserError(
            f"model.batch_size is {batch_size}: the data set {data.name} has {data.num_images} "
            "images; expected a number from 1 to that."
        )
