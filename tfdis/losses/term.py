"""What every loss term is: one training batch in, one scalar out."""

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

Weight = float | keras.optimizers.schedules.LearningRateSchedule


@dataclasses.dataclass(frozen=True)
class Batch:
    """What a model hands to its loss terms at one step.

    Attributes:
        images: float32 in [0, 1], `[batch, height, width, channels]`.
        logits: what the decoder makes of `z`, of the images' shape.
        z: the codes that were decoded, `[batch, num_latents]`.
        posterior: the distribution that `z` was drawn from; None in a deterministic autoencoder.
        prior: the distribution that the posterior is held against; None likewise.
        step: int64 scalar, the number of updates so far.
        key: int32 `[2]`, the seed of all noise of this step.
        second_z: codes of a second batch, where a term asked for them; else None.
        labels: float32 `[batch, num_classes]` of a conditional model; else None.
        label_logits: what a label encoder reads from `images`, `[batch, num_classes]`; else None.
        decoded: beside them, the images in [0, 1] of `logits`, with a gradient that reaches the
            decoder alone; else None.
    """

    images: tf.Tensor
    logits: tf.Tensor
    z: tf.Tensor
    posterior: tfp.distributions.Distribution | None
    prior: tfp.distributions.Distribution | None
    step: tf.Tensor
    key: tf.Tensor
    second_z: tf.Tensor | None = None
    labels: tf.Tensor | None = None
    label_logits: tf.Tensor | None = None
    decoded: tf.Tensor | None = None


class LossTerm(keras.layers.Layer):
    """One summand of an objective.

    A subclass writes `call(batch) -> scalar`, its formula, without the weight.

    Args:
        weight: what the term is multiplied by: a number, or a schedule from the step to a number.
        name: what the term is called in progress lines, results and learning curves.

    Attributes:
        needs_whole_batch: the formula compares codes with each other. Where a batch is spread over
            replicas, the term then sees the codes of all of them.
        needs_second_batch: the term wants `second_z`.
        report_names: what the term tells beside its value, such as an accuracy.
    """

    needs_whole_batch = False
    needs_second_batch = False
    report_names: tuple[str, ...] = ()

    def __init__(self, weight: Weight = 1.0, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.weight = (
            keras.saving.deserialize_keras_object(weight) if isinstance(weight, dict) else weight
        )
        self.built = True

    def weight_at(self, step: tf.Tensor) -> tf.Tensor:
        """The weight at this step, a float32 scalar."""
        return value_at(self.weight, step)

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Called once by the model that owns the term, before the first batch.

        Args:
            num_latents: the number of latents of the model.
            num_images: the number of images in the data set, or None where nobody knows it.
        """

    def value_and_report(self, batch: Batch) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """What `call` gives, and scalars by the names in `report_names`."""
        return self(batch=batch), {}

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {**super().get_config(), "weight": serialized(self.weight)}


class AdversarialTerm(LossTerm):
    """A term that owns a network beside the model, with a loss and an optimizer of its own.

    Attributes:
        adversary: the network; the model's own optimizer never touches it.
        optimizer: what trains it on `adversary_loss`.
        num_updates: how often it is trained on each batch.
    """

    adversary: keras.Model
    optimizer: keras.optimizers.Optimizer
    num_updates: int = 1

    def adversary_loss(self, batch: Batch) -> tf.Tensor:
        """What the adversary minimizes, a scalar; `batch` carries no gradient to the model."""
        raise NotImplementedError


def value_at(value: Weight, step: tf.Tensor) -> tf.Tensor:
    """A number, or a schedule's value at `step`, as a float32 scalar."""
    return tf.cast(value(step) if isinstance(value, Callable) else value, tf.float32)


def serialized(value: Weight) -> Any:
    """A number as it is, a schedule as Keras serializes it."""
    return keras.saving.serialize_keras_object(value) if isinstance(value, Callable) else value
