"""Loss terms: the model's outputs for one batch in, one scalar out."""

import dataclasses
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import gin
import keras
import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.batch import Outputs
from tfdis.checks import contained, fits, wrong
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.schedules import as_schedule

# A number, or a schedule from the step to a number.
Weight = float | LearningRateSchedule

_NO_DEFAULT = inspect.Parameter.empty


@dataclasses.dataclass(frozen=True)
class Field:
    """One parameter of a loss term."""

    name: str
    annotation: Any
    default: Any

    @property
    def may_follow(self) -> bool:
        """Whether it may follow a schedule."""
        kinds = (self.annotation, *typing.get_args(self.annotation))
        return LearningRateSchedule in kinds


_WEIGHT = Field("weight", Weight, 1.0)


def loss_term(name: str, requires: Sequence[str] = ()) -> Callable[[type], type]:
    """Makes a loss term of a class with annotated fields, as `dataclasses.dataclass` does.

    The fields become the constructor's keyword arguments, what Keras saves, and what gin binds
    under `name`. Annotations as `ClassVar` are not fields.

    Args:
        name: in gin; of the term's value too, unless the class has a `value_name`.
        requires: fields that gin must bind; in Python they have their defaults.

    Example:
        >>> @loss_term("sparsity")
        ... class Sparsity(LossTerm):
        ...     offset: float = 0.0
        ...
        ...     def call(self, outputs):
        ...         return tf.reduce_mean(tf.abs(outputs.z - self.offset))
        >>> Sparsity(2.0, offset=1.0).get_config()["offset"]
        1.0
    """

    def decorate(cls: type) -> type:
        cls.fields = _fields_of(cls)
        cls.gin_name = name
        keras.saving.register_keras_serializable("tfdis")(cls)
        configurable(name)(_gin_function(cls, name, requires))
        return cls

    return decorate


class LossTerm(keras.layers.Layer):
    """One summand of an objective.

    A subclass is decorated with `loss_term`, annotates its parameters as fields, and writes
    `call(outputs) -> scalar`, its formula, without the weight.

    Args:
        weight: what the term is multiplied by: a number, or a schedule from the step to a number.
        name: what the term is called in progress lines, results and learning curves.
        **fields: the fields of the subclass; of Keras' arguments, `dtype` is float32 unless given.

    Raises:
        UserError: a value does not fit the annotation of its field.

    Attributes:
        needs_whole_batch: the formula is not a mean over images: it compares them with each other,
            or sums over them. Where a batch is spread over replicas, the term then sees all of it.
        needs_posterior: the term is for models whose codes are drawn from a posterior.
        needs_second_batch: the term wants `outputs["second_z"]`, codes of a second batch.
        report_names: further numbers that the term reports, such as an accuracy.
        gin_name: the class's name in gin, and the default of `name` without a `value_name`.
        value_name: the default of `name`, where it is another.
    """

    needs_whole_batch: ClassVar[bool] = False
    needs_posterior: ClassVar[bool] = False
    needs_second_batch: ClassVar[bool] = False
    report_names: ClassVar[tuple[str, ...]] = ()
    gin_name: ClassVar[str | None] = None
    value_name: ClassVar[str | None] = None
    fields: ClassVar[tuple[Field, ...]] = ()

    weight: Weight = 1.0

    def __init__(self, weight: Weight = 1.0, *, name: str | None = None, **fields: Any):
        own = {field.name: field for field in self.fields}
        keras_arguments = {key: fields.pop(key) for key in [*fields] if key not in own}
        # Outputs are float32 under mixed precision too; an adversary has a policy of its own.
        keras_arguments = {"dtype": "float32", **keras_arguments}
        super().__init__(name=name or self.value_name or self.gin_name, **keras_arguments)
        values = {"weight": weight, **fields}
        for field in (_WEIGHT, *own.values()):
            if field.name not in values and field.default is _NO_DEFAULT:
                raise TypeError(f"{type(self).__name__} needs the argument {field.name}.")
            value = values.get(field.name, field.default)
            value = as_schedule(value) if field.may_follow else value
            if not fits(value, field.annotation):
                raise UserError(wrong(f"{self.gin_name}.{field.name}", value, field.annotation))
            setattr(self, field.name, contained(value, field.annotation))
        self.built = True

    def at(self, name: str, step: tf.Tensor) -> tf.Tensor:
        """The value at this step of a field that is a number or a schedule; float32 scalar."""
        value = getattr(self, name)
        return tf.cast(value(step) if isinstance(value, LearningRateSchedule) else value, "float32")

    @property
    def schedules(self) -> dict[str, LearningRateSchedule]:
        """The fields that follow a schedule, by name."""
        values = {name: getattr(self, name) for name in ("weight", *(f.name for f in self.fields))}
        return {k: value for k, value in values.items() if isinstance(value, LearningRateSchedule)}

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Called by a model that takes the term, before its first batch; forgets any earlier model.

        Args:
            num_latents: the number of latents of the model.
            num_images: the number of images in the data set, or None where it is unknown.
        """

    def see_decoder(self, decoder: keras.Model) -> None:
        """Called by a model that has a decoder, after `prepare`.

        Args:
            decoder: codes, joined with labels where the model takes some, to logits.
        """

    def value_and_report(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The value of `call`, and scalars by the names in `report_names`."""
        return self(outputs=outputs), {}

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        names = ["weight", *(field.name for field in self.fields)]
        return {**super().get_config(), **{name: _saved(getattr(self, name)) for name in names}}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossTerm":
        """The term of a `get_config`."""
        return cls(**{name: _loaded(value) for name, value in config.items()})


def _fields_of(cls: type) -> tuple[Field, ...]:
    annotations: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if issubclass(base, LossTerm) and base is not LossTerm:
            annotations |= inspect.get_annotations(base, eval_str=True)
    return tuple(
        Field(name, annotation, getattr(cls, name, _NO_DEFAULT))
        for name, annotation in annotations.items()
        if annotation is not ClassVar and typing.get_origin(annotation) is not ClassVar
    )


def _gin_function(cls: type, name: str, requires: Sequence[str]) -> Callable[..., LossTerm]:
    """A function whose signature follows from the fields, for gin and its checks."""

    def make(*arguments: Any, **fields: Any) -> LossTerm:
        return cls(*arguments, **fields)

    fields = [_WEIGHT, Field("name", str | None, None), *cls.fields]
    parameters = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY if position else inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=gin.REQUIRED
            if field.name in requires or field.default is _NO_DEFAULT
            else field.default,
            annotation=field.annotation,
        )
        for position, field in enumerate(fields)
    ]
    make.__name__, make.__qualname__ = name, cls.__qualname__
    make.__module__ = cls.__module__
    make.__doc__ = cls.__doc__
    make.__signature__ = inspect.Signature(parameters, return_annotation=cls)
    make.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": cls}
    return make


def _saved(value: Any) -> Any:
    if isinstance(value, LearningRateSchedule | keras.Model | keras.optimizers.Optimizer):
        return keras.saving.serialize_keras_object(value)
    return list(value) if isinstance(value, tuple) else value


def _loaded(value: Any) -> Any:
    serialized = isinstance(value, dict) and "class_name" in value
    return keras.saving.deserialize_keras_object(value) if serialized else value
