"""The train stage: from a gin config to a model directory."""

import inspect
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

import gin
import keras
import tensorflow as tf
from annotated_types import Interval

from tfdis import config, schedules
from tfdis.checks import Count, Index, NotNegative, Positive, Seed
from tfdis.config import configurable
from tfdis.data.feeding import Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.groups import dynamics
from tfdis.data.labellers import sample_supervised_data
from tfdis.data.named import get_named_ground_truth_data
from tfdis.data.sampling import configured_draw
from tfdis.errors import UserError
from tfdis.models.build import Builder
from tfdis.optimizers import make_vae_optimizer, resolve_learning_rate
from tfdis.progress import ProgressBar
from tfdis.results import gin_dict, telling, write_gin
from tfdis.training.checkpoint import Checkpoints
from tfdis.training.directory import is_complete, refuse_model_dir, run_directory
from tfdis.training.log import Log, Logger
from tfdis.training.loop import Trainable, Trainer
from tfdis.training.plateau import ReduceOnPlateau
from tfdis.training.run import Run, refuse_small_data
from tfdis.training.warm_start import WarmStart
from tfdis.unused_bindings import LATER, tell_unused

_Seed = Annotated[int, Interval(ge=0, le=2**31 - 1)]  # a part of every step's key

# Used only where the study's gin file has model.loggers = [@wandb_logger].
_SET_BY_STUDIES = ("wandb_logger.group", "wandb_logger.name")


def train_with_gin(
    model_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
    resume: bool = False,
) -> Run | None:
    """Trains what a gin config describes; see `train`.

    Args:
        model_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
        resume: continue the run in `model_dir`; begin where there is none.

    Returns:
        What `train` gives.
    """
    with config.parsed(gin_config_files, gin_bindings):
        return train(model_dir, overwrite, resume)


@configurable("model", denylist=["model_dir", "overwrite", "resume"])
def train(
    model_dir: str | os.PathLike,
    overwrite: bool = False,
    resume: bool = False,
    model: Annotated[Builder, "an algorithm, such as @beta_tc_vae()"] = gin.REQUIRED,
    training_steps: Count = gin.REQUIRED,
    random_seed: _Seed | None = None,
    batch_size: Count = gin.REQUIRED,
    eval_steps: Count = 1000,
    name: str = "",
    model_num: Index | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    loggers: Sequence[Callable[..., Logger]] = (),
    plateau: ReduceOnPlateau | None = None,
    draw: Callable[[GroundTruthData], Draw] | None = None,
    steps_per_epoch: Count | None = None,
    max_epochs: Count | None = None,
    warm_start: WarmStart | None = None,
    strategy: tf.distribute.Strategy | None = None,
    jit_compile: bool | None = None,
    mixed_precision: Literal["mixed_float16", "mixed_bfloat16"] | None = None,
    deterministic: bool | None = None,
    count_discriminator_updates: bool = False,
    log_every: Count = 100,
    checkpoint_seconds: NotNegative = 60.0,
    keep_checkpoints: Count | Literal["all"] = 1,
    time_budget_hours: Positive | None = None,
    model_seed: _Seed | None = None,
    unsupervised_data_seed: _Seed | None = None,
    supervised_data_seed: Seed = 0,
    num_labelled_samples: Count | None = None,
    train_percentage: Annotated[float, Interval(gt=0, le=1)] = 1.0,
) -> Run | None:
    """Trains a model on the data set `dataset.name` and writes a model directory.

    Args:
        model_dir: directory to write.
        overwrite: replace an existing directory.
        resume: continue the run in `model_dir`.
        model: makes the model, such as `@beta_tc_vae()`.
        training_steps: updates of the model.
        random_seed: of the initial weights, the batches and the noise.
        batch_size: images per update.
        eval_steps: batches to measure the final losses on.
        name: of the model; only recorded.
        model_num: of the model in a study; only recorded.
        callbacks: pictures and scores during the training and at its end; Keras' own callbacks too,
            such as `[@visualization(), @CSVLogger()]`.
        loggers: such as `[@wandb_logger]`.
        plateau: `@reduce_on_plateau()`: reduces the learning rate.
        draw: how batches are drawn from the data set, such as `@pairs`; None: single images, or
            `@dynamics` for a model of groups.
        steps_per_epoch: updates in an epoch; None: images in the data set / `batch_size`.
        max_epochs: end after this many epochs, where that is before `training_steps`.
        warm_start: `@warm_start()`: weights from another model.
        strategy: `@mirrored_strategy()`: spreads batches over devices.
        jit_compile: compile the training loop with XLA; None: on a GPU, without a strategy, where
            images are drawn on it.
        mixed_precision: a Keras dtype policy, "mixed_float16" or "mixed_bfloat16".
        deterministic: make the same seed give the same weights, bit for bit; None: on the CPU.
        count_discriminator_updates: count the updates of an adversary as steps too, as
            disentanglement_lib's FactorVAE does: it makes half of `training_steps` updates.
        log_every: updates between lines of progress.jsonl.
        checkpoint_seconds: between checkpoints.
        keep_checkpoints: how many of the newest are kept, or "all".
        time_budget_hours: end the training after this many hours; None: no limit.
        model_seed: of the initial weights and the noise; None: `random_seed`.
        unsupervised_data_seed: of the batches; None: `random_seed`.
        supervised_data_seed: of the labelled images.
        num_labelled_samples: how many images `labeller` labels, for an algorithm of few labels;
            None: no labels.
        train_percentage: the share of the labelled images to train on; the final losses are
            measured on the rest.

    Returns:
        The run; None where `resume` found it complete.

    Raises:
        UserError: something in the config, the directory or the data is wrong.
        Interrupted: a signal came; the state is saved.
    """
    del name, model_num
    refuse_model_dir(model_dir, overwrite, resume)
    model_seed = random_seed if model_seed is None else model_seed
    data_seed = random_seed if unsupervised_data_seed is None else unsupervised_data_seed
    if model_seed is None or data_seed is None:
        raise config.missing_binding("model.random_seed.")
    set_up(model_seed, deterministic, mixed_precision)
    data = get_named_ground_truth_data()
    refuse_small_data(data, batch_size)
    steps_per_epoch = steps_per_epoch or max(1, data.num_images // batch_size)
    if takes_labels(model, num_labelled_samples):
        labelled = sample_supervised_data(supervised_data_seed, data, num_labelled_samples)
        model = model(labelled.train_and_test(train_percentage))
    built = _build(model, data, model_seed, steps_per_epoch, strategy)
    if count_discriminator_updates and built.adversarial_terms:
        training_steps = -(-training_steps // 2)
    if max_epochs is not None:
        training_steps = min(training_steps, max_epochs * steps_per_epoch)
    if draw is None:
        draw = dynamics if getattr(built, "group_size", 1) > 1 else configured_draw
    feed = data.feed(draw(data))
    trainer = Trainer(built, feed, batch_size, data_seed, strategy, jit_compile, steps_per_epoch)
    tell_unused(LATER, but=_SET_BY_STUDIES)
    with run_directory(model_dir, overwrite, resume) as directory:
        if resume and is_complete(directory.path, training_steps):
            directory.take_place()
            print(f"{model_dir} is complete: nothing to resume.")
            return None
        directory.begin()
        path = directory.path
        bar = ProgressBar(training_steps, built.value_names[1:])
        with telling(directory.note):
            log = Log(path / "progress.jsonl", bar, [each(path) for each in loggers], log_every)
            told = [log, *([plateau] if plateau else []), *callbacks]
            checkpoints = Checkpoints(
                path / "checkpoints", [trainer, *told], checkpoint_seconds, keep_checkpoints
            )
            run = Run(path, built, data, trainer, log, checkpoints, [*told, checkpoints])
            try:
                if checkpoints.restore(built) == 0 and warm_start is not None:
                    warm_start.apply(built)
                for logger in log.loggers:
                    logger.config(gin_dict(gin.config_str()))
                write_gin(path / "results", "train")  # so that it can be drawn before it ends
                run.train(training_steps, time_budget_hours and 3600 * time_budget_hours)
                run.finish(eval_steps)
            finally:
                bar.close()
                for logger in log.loggers:
                    logger.close()
        directory.end()
        run.move(Path(model_dir))
    return run


def set_up(random_seed: int, deterministic: bool | None, mixed_precision: str | None) -> None:
    """Sets what is global in Keras and TensorFlow."""
    keras.utils.set_random_seed(random_seed)
    if deterministic or (deterministic is None and not tf.config.list_physical_devices("GPU")):
        tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(mixed_precision or "float32")


def takes_labels(model: Callable, num_labelled_samples: int | None) -> bool:
    """Whether an algorithm needs few labels; these are written in gin without parentheses.

    Raises:
        UserError: it does, and there are no labels, or the other way round.
    """
    takes = callable(model) and "labelled" in inspect.signature(model).parameters
    if takes and num_labelled_samples is None:
        raise UserError(
            "The algorithm learns from labels: bind model.num_labelled_samples, and "
            "labeller.labeller_fn to what labels them."
        )
    if num_labelled_samples is not None and not takes:
        raise UserError(
            "With model.num_labelled_samples, model.model is an algorithm of few labels without "
            "parentheses, such as @s2_vae."
        )
    return takes


def _build(
    builder: Builder,
    data: GroundTruthData,
    seed: int,
    steps_per_epoch: int,
    strategy: tf.distribute.Strategy | None,
) -> Trainable:
    try:
        inspect.signature(builder).bind(data, seed)
    except TypeError as error:
        name = getattr(builder, "__name__", repr(builder))
        raise UserError(
            f"model.model is @{name}, which makes no model of a data set and a seed: write "
            f"@{name}(), with parentheses."
        ) from error
    with (strategy or tf.distribute.get_strategy()).scope():
        model = builder(data, seed)
        model.compile(make_vae_optimizer())
        for schedule in model.schedules.values():
            schedules.resolve(schedule, steps_per_epoch)
        for optimizer in model.optimizers.values():
            resolve_learning_rate(optimizer, steps_per_epoch)
    return model
