"""The training step that every model here shares: a forward pass, and a loss that is a sum."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.batch import (
    NO_WEIGHTS,
    Inputs,
    Outputs,
    gathered,
    map_tensors,
    num_replicas,
    refuse_other_pixels,
)
from tfdis.checks import Count, checked
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.groups import pairs
from tfdis.data.pipeline import dataset_of_groups, tf_dataset
from tfdis.errors import UserError
from tfdis.keys import Salt, step_key, subkey
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.term import LossTerm
from tfdis.models.state import state_of
from tfdis.models.step_counter import StepCounter
from tfdis.results import written_aside

# What Keras' own losses and metrics are given by; here the terms are both.
_KERAS_LOSSES = ("loss", "loss_weights", "metrics", "weighted_metrics")
_KERAS_BATCH_SIZE = 32  # of `evaluate` without a batch_size


class ModelOfTerms(keras.Model):
    """A network and the loss terms that train it.

    A subclass writes `forward`. Where a term owns an adversary, the adversary is trained in the
    same step, on the same outputs, by its own optimizer.

    Args:
        terms: the loss terms; their names are unique.
        num_latents: the number of latents, for terms that need it.
        num_images: the size of the data set, for terms that need it.
        seed: of all noise; the noise of an update is a function of (seed, update).
        **kwargs: as in Keras.

    Attributes:
        group_size: how many images in a row belong together in a batch that `fit` passes.

    Raises:
        UserError: two terms have one name.
    """

    group_size: int = 1

    def __init__(
        self,
        terms: Sequence[LossTerm],
        num_latents: int,
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.terms = list(terms)
        _refuse_one_name_twice(self.terms)
        self.num_images, self.seed = num_images, seed
        for term in self.terms:
            term.prepare(num_latents, num_images)
        self.counter = StepCounter()
        self.trackers = {name: keras.metrics.Mean(name) for name in self.value_names}

    @property
    def adversarial_terms(self) -> list[AdversarialTerm]:
        """The terms that own an adversary."""
        return [term for term in self.terms if isinstance(term, AdversarialTerm)]

    @property
    def value_names(self) -> list[str]:
        """The names of a step's values: the loss, every term, and what terms report in addition."""
        reports = [name for term in self.terms for name in term.report_names]
        return ["loss", *(term.name for term in self.terms), *reports]

    @property
    def batches_per_step(self) -> int:
        """How many batches a step takes: two where a term needs the codes of a second batch."""
        return 2 if any(term.needs_second_batch for term in self.terms) else 1

    @property
    def steps(self) -> int:
        """The number of updates so far."""
        return int(self.counter.steps)

    @property
    def optimizers(self) -> dict[str, keras.optimizers.Optimizer]:
        """The model's optimizer and those of the adversaries, by name."""
        theirs = {f"{term.name}_optimizer": term.optimizer for term in self.adversarial_terms}
        return {"optimizer": self.optimizer, **theirs}

    @property
    def schedules(self) -> dict[str, LearningRateSchedule]:
        """Every field of a term that follows a schedule, as "term.field"."""
        return {
            f"{term.name}.{field}": schedule
            for term in self.terms
            for field, schedule in term.schedules.items()
        }

    @property
    def own_variables(self) -> list[keras.Variable]:
        """The variables of the model's optimizer: all but the adversaries'."""
        theirs = {
            id(variable)
            for term in self.adversarial_terms
            for variable in term.adversary.trainable_variables
        }
        return [variable for variable in self.trainable_variables if id(variable) not in theirs]

    @property
    def state(self) -> dict[str, list[keras.Variable]]:
        """Everything that a training changes, by part."""
        return state_of(self)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The epoch means of the loss and of every term, for `fit` and `evaluate`."""
        return list(self.trackers.values())

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: Any = None,
        *,
        jit_compile: bool = False,
        **kwargs: Any,
    ) -> None:
        """As Keras' `compile`, but the loss is the model's own and XLA is off unless asked for.

        Raises:
            UserError: there is a loss or a metric, which would have no effect.
        """
        given = [name for name in _KERAS_LOSSES if {"loss": loss, **kwargs}.get(name)]
        if given:
            raise UserError(
                f"compile.{given[0]} would have no effect, as the model's loss terms are its loss "
                "and its metrics: leave it out, and give the model another term instead."
            )
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        if not self.optimizer.built:
            self.optimizer.build(self.own_variables)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a model that was loaded, as it was when it was saved."""
        config = keras.saving.deserialize_keras_object(config)
        # Files of before there was an error can have a loss, which had no effect.
        self.compile(**{name: part for name, part in config.items() if name not in _KERAS_LOSSES})

    @checked
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        batch_size: Count = 64,
        steps_per_epoch: Count | None = None,
        epochs: Count = 1,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """As Keras' `fit`, and on a data set of this library too.

        Args:
            x: images (uint8, or floats in [0, 1]); a dictionary of arrays by the names of the
                fields of `tfdis.batch.Inputs`; a tf.data pipeline of batches of either, or of
                (images, factors); or a `GroundTruthData`. Where images come in groups, arrays are
                shuffled by whole groups.
            y: factors.
            batch_size: images per update, for arrays and for a `GroundTruthData`.
            steps_per_epoch: updates per epoch; a `GroundTruthData` has by default as many as it
                takes to see as many images as there are.
            epochs: as in Keras.
            **kwargs: as in Keras, without weights of images; `validation_data` can be a
                `GroundTruthData` too.

        Raises:
            UserError: a number is out of range, images are not of the model's kind, they cannot be
                parted into groups or into two batches, or they have weights.
        """
        _refuse_weights(kwargs)
        if isinstance(x, GroundTruthData):
            self._refuse_size("fit.batch_size", batch_size, self.group_size)
            steps_per_epoch = steps_per_epoch or max(1, x.num_images // batch_size)
            x = self._drawn(x, batch_size * self.batches_per_step, self.seed, self.steps)
        elif _are_arrays(x):
            size = self.group_size * self.batches_per_step
            self._refuse_arrays("fit.", "x", x, batch_size, size)
            x, y = self._in_parts(x, y, batch_size, kwargs)
        in_arrays = not isinstance(x, tf.data.Dataset)
        self._validated(kwargs, batch_size, in_arrays)
        if not in_arrays:
            batch_size, kwargs["shuffle"] = None, False
        return super().fit(
            x, y, batch_size=batch_size, steps_per_epoch=steps_per_epoch, epochs=epochs, **kwargs
        )

    @checked
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: Count | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: Count | None = None,
        **kwargs: Any,
    ) -> Any:
        """As Keras' `evaluate`, on what `fit` takes.

        Args:
            x: see `fit`; of a `GroundTruthData`, images that the seed draws, the same in every
                call and not those that `fit` draws.
            y: factors.
            batch_size: images per batch, for arrays and for a `GroundTruthData`.
            verbose: as in Keras.
            sample_weight: None.
            steps: batches; of a `GroundTruthData` by default as many as it takes to see as many
                images as there are.
            **kwargs: as in Keras.

        Raises:
            UserError: see `fit`.
        """
        _refuse_weights({"sample_weight": sample_weight})
        if isinstance(x, GroundTruthData):
            x = self._held_out("evaluate.batch_size", x, batch_size or 64, steps)
            batch_size = steps = None
        elif _are_arrays(x) and not kwargs.get("_use_cached_eval_dataset"):  # `fit` has checked
            size = batch_size or _KERAS_BATCH_SIZE
            self._refuse_arrays("evaluate.", "x", x, size, self.group_size)
        return super().evaluate(x, y, batch_size, verbose, sample_weight, steps, **kwargs)

    def _drawn(
        self, data: GroundTruthData, batch_size: int, seed: int, first_step: int
    ) -> tf.data.Dataset:
        draw = pairs(data, group_size=self.group_size) if self.group_size > 1 else None
        return tf_dataset(data, batch_size, seed, first_step, draw)

    def _held_out(
        self, name: str, data: GroundTruthData, batch_size: int, steps: int | None
    ) -> tf.data.Dataset:
        """Batches to measure the losses on: with another seed, so not those of the training."""
        self._refuse_size(name, batch_size, self.group_size)
        steps = steps or max(1, data.num_images // batch_size)
        return self._drawn(data, batch_size, (self.seed + 1) % 2**32, 0).take(steps)

    def _validated(self, kwargs: dict[str, Any], batch_size: int, in_arrays: bool) -> None:
        """Checks what `fit` is to measure losses on, and makes it what Keras takes."""
        data, size = kwargs.get("validation_data"), kwargs.get("validation_batch_size")
        if isinstance(data, GroundTruthData):
            steps, name = kwargs.pop("validation_steps", None), "fit.validation_batch_size"
            kwargs["validation_data"] = self._held_out(name, data, size or batch_size, steps)
        elif data is not None:
            x, _, weights = keras.utils.unpack_x_y_sample_weight(data)
            _refuse_weights({"sample_weight": weights})
            if _are_arrays(x):
                size = size or (batch_size if in_arrays else _KERAS_BATCH_SIZE)
                self._refuse_arrays("fit.validation_", "data", x, size, self.group_size)

    def _in_parts(self, x: Any, y: Any, batch_size: int, kwargs: dict[str, Any]) -> tuple[Any, Any]:
        """Arrays for `fit`, so that neither a split nor a shuffle takes a batch's parts apart."""
        size = self.group_size * self.batches_per_step
        if size == 1:
            return x, y
        data = (x,) if y is None else (x, y if tf.is_tensor(y) else np.asarray(y))
        split = kwargs.get("validation_split")
        if split and kwargs.get("validation_data") is None:
            num_images = _num_images(x)
            count = int(num_images * (1 - split)) // size * size
            if not count:
                raise UserError(
                    f"fit.validation_split is {split}, which leaves none of {num_images} images to "
                    f"train on: expected at least {size}."
                )
            kwargs["validation_data"] = tf.nest.map_structure(lambda part: part[count:], data)
            data = tf.nest.map_structure(lambda part: part[:count], data)
            kwargs["validation_split"] = 0.0
        if self.group_size > 1:
            # Keras would take the images of a group apart, and has no batch size for a pipeline.
            shuffle = bool(kwargs.get("shuffle", True))
            data = (dataset_of_groups(data, self.group_size, batch_size, shuffle),)
            kwargs["validation_batch_size"] = kwargs.get("validation_batch_size") or batch_size
        return data if len(data) == 2 else (*data, None)

    def _refuse_arrays(self, prefix: str, name: str, x: Any, batch_size: int, size: int) -> None:
        """Checks arrays named `prefix + name`, in batches that have to be multiples of a size."""
        images = x
        if isinstance(x, Mapping):
            images = x.get("images")
        elif isinstance(x, tuple | list):
            images = x[0]
        if images is not None:
            self.refuse_images(images)
        self._refuse_size(f"{prefix}batch_size", batch_size, size)
        self._refuse_size(f"The number of images in {prefix}{name}", _num_images(x), size)

    def _refuse_size(self, name: str, count: int, size: int) -> None:
        if count % size:
            why = [f"images come in groups of {self.group_size}"] if self.group_size > 1 else []
            if size > self.group_size:
                why.append("a term with second_batch splits a batch in two")
            raise UserError(
                f"{name} is {count}: expected a multiple of {size}, as {' and '.join(why)}."
            )

    def refuse_images(self, images: np.ndarray | tf.Tensor) -> None:
        """Refuses images that the model is not for, before they are given to Keras.

        Raises:
            UserError: an array has other numbers than those of images.
        """
        if isinstance(images, np.ndarray) and images.dtype != bool:
            refuse_other_pixels(images)

    def inputs_of(self, data: Any) -> Inputs:
        """See `Inputs.of`."""
        return Inputs.of(data, self.group_size)

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """The outputs of the model for one batch, as the loss terms see them.

        Args:
            inputs: the batch.
            step: int64 scalar, the number of updates so far.
            key: int32 `[2]`, the seed of this batch's noise.
            training: as in Keras.
        """
        raise NotImplementedError

    def second_codes(self, inputs: Inputs, key: tf.Tensor) -> tf.Tensor:
        """Codes of a second batch, for terms that compare with it, `[batch, num_latents]`."""
        raise NotImplementedError

    def losses_of(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The objective; the unweighted value of every term and what it reports; all scalars."""
        whole, values, reports = gathered(outputs), {}, {}
        for term in self.terms:
            seen = whole if term.needs_whole_batch else outputs
            values[term.name], report = term.value_and_report(seen)
            reports.update(report)
        weighted = [term.at("weight", outputs.step) * values[term.name] for term in self.terms]
        return tf.add_n(weighted), {**values, **reports}

    def update(self, inputs: Inputs) -> dict[str, tf.Tensor]:
        """One update of the model and of its adversaries.

        Args:
            inputs: one batch; two in one where `batches_per_step` is 2.

        Returns:
            "loss" and the unweighted value of every term before the update, by name; scalars.
        """
        step = self.counter.steps
        key = step_key(self.seed, step)
        inputs, second = inputs.halves() if self.batches_per_step == 2 else (inputs, None)
        with tf.GradientTape() as tape:
            outputs = self.forward(inputs, step, subkey(key, Salt.POSTERIOR), training=True)
            loss, values = self.losses_of(outputs)
            scaled = self.optimizer.scale_loss(loss / num_replicas())
        gradients = tape.gradient(scaled, self.own_variables)
        self._update_adversaries("together", outputs, second, key)
        self.optimizer.apply(gradients, self.own_variables)
        self._update_adversaries("model_first", outputs, second, key)
        self.counter.advance()
        return {"loss": loss, **values}

    def _update_adversaries(
        self, order: str, outputs: Outputs, second: Inputs | None, key: tf.Tensor
    ) -> None:
        terms = [term for term in self.adversarial_terms if term.order == order]
        if not terms:
            return
        if second is not None:
            second_z = self.second_codes(second, subkey(key, Salt.SECOND_POSTERIOR))
            outputs = outputs.adding(second_z=second_z)
        outputs = map_tensors(tf.stop_gradient, outputs)
        whole = gathered(outputs)
        for term in terms:
            variables = term.adversary.trainable_variables
            for _ in range(term.num_updates):
                with tf.GradientTape() as tape:
                    loss = term.adversary_loss(whole if term.needs_whole_batch else outputs)
                    scaled = term.optimizer.scale_loss(loss / num_replicas())
                term.optimizer.apply(tape.gradient(scaled, variables), variables)

    def test_losses(self, inputs: Inputs, key: tf.Tensor) -> dict[str, tf.Tensor]:
        """The values of `update` for one batch, without an update."""
        outputs = self.forward(inputs, self.counter.steps, key, training=False)
        loss, values = self.losses_of(outputs)
        return {"loss": loss, **values}

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One update, for `fit`; returns the epoch means so far."""
        return self._track(self.update(self.inputs_of(data)))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """The losses of one batch, for `evaluate`; returns the means so far."""
        count = tf.cast(self.trackers["loss"].count, tf.int32)
        key = subkey(step_key(self.seed, count), Salt.TEST)
        return self._track(self.test_losses(self.inputs_of(data), key))

    def _track(self, values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        for name, value in values.items():
            self.trackers[name].update_state(value)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def finalize(self) -> None:
        """Gives the variables their final values: with `use_ema`, the averages of the optimizer."""
        self.optimizer.finalize_variable_values(self.own_variables)
        for term in self.adversarial_terms:
            term.optimizer.finalize_variable_values(term.adversary.trainable_variables)

    def save_in(self, directory: str | os.PathLike) -> list[Path]:
        """Writes the files of a trained model into its directory; returns their paths.

        Raises:
            UserError: the disk is full, or the directory cannot be written.
        """
        path = Path(directory) / "model.keras"
        with written_aside(path) as partial:
            # Keras wants the suffix; the name that is renamed in the end has none.
            suffixed = partial.with_name(f"{partial.name}.keras")
            try:
                self.save(suffixed)
                suffixed.replace(partial)
            finally:
                suffixed.unlink(missing_ok=True)
        return [path]


def _are_arrays(x: Any) -> bool:
    if isinstance(x, Mapping):
        x = list(x.values())
    parts = x if isinstance(x, tuple | list) else [x]
    return bool(parts) and all(isinstance(part, np.ndarray | tf.Tensor) for part in parts)


def _num_images(x: Any) -> int:
    return len(tf.nest.flatten(x)[0])


def _refuse_weights(arguments: dict[str, Any]) -> None:
    if any(arguments.get(name) is not None for name in ("sample_weight", "class_weight")):
        raise UserError(NO_WEIGHTS)


def _refuse_one_name_twice(terms: Sequence[LossTerm]) -> None:
    names = [term.name for term in terms]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UserError(
            f"Loss terms need different names: {', '.join(repeated)} is used twice; give one "
            "of them a name."
        )
