"""The abstract-reasoning stage: trains a model to solve matrices and measures its accuracy."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import gin
import keras
import numpy as np

from tfdis import config, manifest, results
from tfdis.checks import Count, Index, NotNegative, Seed
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory, dataset_of
from tfdis.progress import ProgressBar
from tfdis.reasoning.feed import NUM_PANELS, MatrixFeed
from tfdis.reasoning.model import ReasoningModel
from tfdis.reasoning.panels import Panels, get_pgm_dataset
from tfdis.reasoning.picture import draw_matrices
from tfdis.training.callbacks import Logs
from tfdis.training.checkpoint import Checkpoints
from tfdis.training.directory import refuse_model_dir, run_directory
from tfdis.training.log import Log
from tfdis.training.loop import Trainer
from tfdis.training.run import Run
from tfdis.training.train import set_up
from tfdis.unused_bindings import LATER, tell_unused

STAGE = "abstract_reasoning"


def reason_with_gin(
    input_dir: str | os.PathLike | None,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
    resume: bool = False,
) -> dict[str, float]:
    """Trains what a gin config describes; see `reason`.

    Args:
        input_dir: see `reason`.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
        resume: continue the run in `output_dir`; begin where there is none.
    """
    with config.parsed(gin_config_files, gin_bindings):
        return reason(input_dir, output_dir, overwrite, resume)


@configurable(STAGE, denylist=["input_dir", "output_dir", "overwrite", "resume"])
def reason(
    input_dir: str | os.PathLike | None,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    resume: bool = False,
    model: Annotated[Callable[[Panels, int], ReasoningModel], "@TwoStageModel()"] = gin.REQUIRED,
    num_iterations: Count = gin.REQUIRED,
    training_steps_per_iteration: Count = gin.REQUIRED,
    eval_steps_per_iteration: Count = gin.REQUIRED,
    random_seed: Seed = gin.REQUIRED,
    batch_size: Count = gin.REQUIRED,
    name: str = "",
    representation: Index | None = None,
    log_every: Count = 100,
    checkpoint_seconds: NotNegative = 60.0,
) -> dict[str, float]:
    """Trains a model on the matrices `pgm` over `dataset.name`; writes it and its accuracies.

    After each iteration the accuracy is measured on two fixed sets of matrices that training never
    sees: the first chooses the best iteration, the second gives its accuracy. matrices.png shows
    three matrices.

    Args:
        input_dir: a directory of training or postprocessing, for `@HubEmbedding`; None: the model
            learns from images or factors alone. `dataset.name = "auto"` takes its data set.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        resume: continue the run in `output_dir`.
        model: `@TwoStageModel()`.
        num_iterations: how often the accuracy is measured.
        training_steps_per_iteration: updates before each time.
        eval_steps_per_iteration: batches in each of the two sets.
        random_seed: of the weights and the matrices.
        batch_size: matrices per update.
        name: of the model; only recorded.
        representation: its number in a study; only recorded.
        log_every: updates between lines of progress.jsonl.
        checkpoint_seconds: between checkpoints.

    Returns:
        The numbers of the results, such as "best.test.accuracy".

    Raises:
        UserError: something in the config, the directories or the data is wrong.
        Interrupted: a signal came; the state is saved.
    """
    del name, representation
    refuse_model_dir(output_dir, overwrite, resume, STAGE)
    set_up(random_seed, None, None)
    earlier = _use_representation(input_dir)
    panels, rules = get_pgm_dataset()
    built = model(panels, random_seed)
    steps = num_iterations * training_steps_per_iteration
    feed = MatrixFeed(panels, rules)
    trainer = Trainer(
        built,
        feed,
        batch_size * NUM_PANELS,
        random_seed,
        steps_per_epoch=training_steps_per_iteration,
    )
    tell_unused(LATER)
    with run_directory(output_dir, overwrite, resume, STAGE) as directory:
        if resume and manifest.is_complete(directory.path, STAGE):
            directory.take_place()
            print(f"{output_dir} is complete: nothing to resume.")
            return results.read_json(Path(output_dir) / "results/json" / f"{STAGE}_results.json")
        directory.begin()
        path = directory.path
        with results.telling(directory.note):
            log = Log(
                path / "progress.jsonl", ProgressBar(steps, built.value_names[1:]), [], log_every
            )
            accuracies = Accuracies(trainer, eval_steps_per_iteration)
            told = [log, accuracies]
            checkpoints = Checkpoints(path / "checkpoints", [trainer, *told], checkpoint_seconds)
            run = Run(path, built, panels.data, trainer, log, checkpoints, [*told, checkpoints])
            try:
                checkpoints.restore(built)
                draw_matrices(path / "matrices.png", panels, rules, 3, random_seed)
                results.write_gin(path / "results", STAGE)
                run.train(steps, None)
            finally:
                log.bar.close()
            built.finalize()
            built.save_in(path)
            numbers = {**accuracies.results(), "elapsed_time": checkpoints.elapsed_time}
            results.update_result_directory(path / "results", STAGE, numbers, earlier)
        directory.end()
    return numbers


class Accuracies(keras.callbacks.Callback):
    """Measures the accuracy at the end of every iteration.

    Args:
        trainer: the loop; its epochs are the iterations.
        num_batches: in each of the two sets.
    """

    def __init__(self, trainer: Trainer, num_batches: int):
        super().__init__()
        self._trainer, self._num_batches = trainer, num_batches
        self.measured: list[dict[str, Any]] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Measures on both sets."""
        del epoch, logs
        sets = {
            name: self._trainer.test_losses(self._num_batches, number * self._num_batches)
            for number, name in enumerate(("val", "test"))
        }
        self.measured.append({"step": self._trainer.model.steps, **sets})

    def get_state(self) -> dict[str, Any]:
        """The measurements so far; goes into JSON."""
        return {"measured": [_plain(each) for each in self.measured]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state of `get_state`."""
        self.measured = list(state["measured"])

    def results(self) -> dict[str, float]:
        """Every number under "step<updates>.<set>.<name>", and the best iteration's "best"."""
        best = self.measured[int(np.argmax([each["val"]["accuracy"] for each in self.measured]))]
        named = {f"step{each['step']}": each for each in self.measured} | {"best": best}
        return {
            f"{step}.{part}.{name}": float(value)
            for step, each in named.items()
            for part in ("val", "test")
            for name, value in {**each[part], "global_step": each["step"]}.items()
        }


def _plain(measured: Mapping[str, Any]) -> dict[str, Any]:
    sets = {
        part: {name: float(value) for name, value in measured[part].items()}
        for part in ("val", "test")
    }
    return {"step": int(measured["step"]), **sets}


def _use_representation(input_dir: str | os.PathLike | None) -> Path | None:
    """Binds the representation in gin; returns the results of the stages before.

    Raises:
        UserError: there is no model, or `dataset.name` is "auto" without one.
    """
    if input_dir is not None:
        opened = SavedModelDirectory(input_dir)
        dataset_of(opened)
        with gin.unlock_config():
            gin.bind_parameter("HubEmbedding.hub_path", str(opened.path))
        return opened.results_dir
    try:
        is_auto = gin.query_parameter("dataset.name") == "auto"
    except ValueError:
        is_auto = False
    if is_auto:
        raise UserError(
            'dataset.name is "auto", which takes the data set of a representation: name its '
            "directory (--input_dir), or a data set."
        )
    return None
