"""Schedules: from the step of training to a value.

Each is a Keras `LearningRateSchedule`, so ours and Keras' alike serve the learning rate, the
capacity and the weight of any loss term. Lengths are in steps; inside `ByEpoch` they are in epochs.
In gin each goes by its class name, and so do Keras' own (`ExponentialDecay`, `CosineDecay`, ...).
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import keras
from annotated_types import Ge, Gt, Interval, MinLen
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.checks import checked
from tfdis.config import external_configurable
from tfdis.errors import UserError

_Step = Annotated[int, Ge(0)]
_Length = Annotated[int, Ge(1)]


class Schedule(LearningRateSchedule):
    """A schedule whose configuration is its dataclass fields."""

    def get_config(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    def _require(self, holds: bool, wanted: str) -> None:
        if not holds:
            raise UserError(f"{type(self).__name__} needs {wanted}, but has {self.get_config()}.")


def _schedule(cls: type) -> type:
    """Makes a class a dataclass that Keras can save and gin can name."""
    cls = checked(dataclasses.dataclass(eq=False)(cls))
    keras.saving.register_keras_serializable("tfdis")(cls)
    external_configurable(cls, cls.__name__)
    return cls


@_schedule
class LinearSchedule(Schedule):
    """From `initial` to `final` in a straight line over `num_steps`, beginning at `start`.

    Example:
        The capacity of the paper's best run:

        >>> capacity = LinearSchedule(0.0, 25.0, num_steps=2000)
        >>> float(capacity(1000)), float(capacity(90000))
        (12.5, 25.0)
    """

    initial: float
    final: float
    num_steps: _Length
    start: _Step = 0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        return _between(self.initial, self.final, _fraction(step, self.start, self.num_steps))


@_schedule
class CosineSchedule(Schedule):
    """From `initial` to `final` along half a cosine over `num_steps`, beginning at `start`."""

    initial: float
    final: float
    num_steps: _Length
    start: _Step = 0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        fraction = _fraction(step, self.start, self.num_steps)
        return _between(self.initial, self.final, 0.5 - 0.5 * ops.cos(math.pi * fraction))


@_schedule
class CyclicalAnnealing(Schedule):
    """In every period from `low` to `high` in a straight line, then `high` (Fu et al., 2019).

    Attributes:
        low: the value at the beginning of a period.
        high: the value from the rise's end to the period's end.
        period: steps.
        rise: the part of the period in which the value rises, above 0 up to 1.
    """

    low: float
    high: float
    period: _Length
    rise: Annotated[float, Interval(gt=0, le=1)] = 0.5

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        _, fraction = _cycle(step, self.period)
        return _between(self.low, self.high, ops.minimum(fraction / self.rise, 1.0))


@_schedule
class Triangular(Schedule):
    """Up from `low` to `high` in half a period and down again (Smith, 2017).

    Attributes:
        low: the value at the beginning and end of every period.
        high: the value in the middle of the first period.
        period: steps.
        decay: multiplies `high - low` after each period; 0.5 is Smith's "triangular2".
    """

    low: float
    high: float
    period: _Length
    decay: Annotated[float, Ge(0)] = 1.0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        number, fraction = _cycle(step, self.period)
        height = ops.power(ops.cast(self.decay, "float32"), number)
        return _between(self.low, self.high, height * (1.0 - ops.abs(2.0 * fraction - 1.0)))


@_schedule
class Piecewise(Schedule):
    """Through `values` at `steps`; the first value before them, the last one after.

    Attributes:
        steps: ascending.
        values: as many.
        interpolation: "linear", or "constant": each value from its step to the next.
    """

    steps: Annotated[Sequence[_Step], MinLen(1)]
    values: Annotated[Sequence[float], MinLen(1)]
    interpolation: Literal["linear", "constant"] = "linear"

    def __post_init__(self) -> None:
        steps = list(self.steps)
        self._require(len(steps) == len(self.values), "as many steps as values")
        self._require(steps == sorted(set(steps)), "ascending steps")

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        step = ops.cast(step, "float32")
        value = ops.cast(self.values[0], "float32")
        for begin, end, before, after in zip(
            self.steps, self.steps[1:], self.values, self.values[1:], strict=False
        ):
            if self.interpolation == "linear":
                reached = _between(before, after, _fraction(step, begin, end - begin))
                value = ops.where(step >= begin, reached, value)
            else:
                value = ops.where(step >= end, ops.cast(after, "float32"), value)
        return value


@_schedule
class Exponential(Schedule):
    """`initial * factor ** (step / num_steps)`: smoothly, and never below `floor`."""

    initial: float
    factor: Annotated[float, Ge(0)]
    num_steps: _Length = 1
    floor: float = 0.0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        return _power(self, ops.cast(step, "float32") / self.num_steps)


@_schedule
class Step(Schedule):
    """`initial`, times `factor` after every `num_steps`, and never below `floor`."""

    initial: float
    factor: Annotated[float, Ge(0)]
    num_steps: _Length
    floor: float = 0.0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        return _power(self, ops.floor(ops.cast(step, "float32") / self.num_steps))


@_schedule
class MultiStep(Schedule):
    """`initial`, times `factor` at each of `steps`, and never below `floor`."""

    initial: float
    factor: Annotated[float, Ge(0)]
    steps: Sequence[_Step]
    floor: float = 0.0

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        step = ops.cast(step, "float32")
        passed = [ops.cast(step >= milestone, "float32") for milestone in self.steps]
        return _power(self, sum(passed, ops.zeros_like(step)))


class _OfAnother(Schedule):
    """Base class of schedules that wrap the field `schedule`."""

    schedule: Callable[[Any], Any]

    def resolve(self, steps_per_epoch: int) -> None:
        """Tells a `ByEpoch` inside how long an epoch is."""
        resolve(self.schedule, steps_per_epoch)

    def get_config(self) -> dict[str, Any]:
        """The fields by name, the schedule inside serialized."""
        inner = keras.saving.serialize_keras_object(self.schedule)
        return {**super().get_config(), "schedule": inner}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Schedule:
        """Makes the schedule again."""
        inner = keras.saving.deserialize_keras_object(config["schedule"])
        return cls(**{**config, "schedule": inner})


@_schedule
class Scaled(_OfAnother):
    """Another schedule times a number."""

    schedule: Callable[[Any], Any]
    factor: float

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        return self.factor * self.schedule(step)


@_schedule
class ByEpoch(_OfAnother):
    """Another schedule with its lengths in epochs.

    `steps_per_epoch` may be left out where `resolve` gives it before training begins. A part of an
    epoch counts as a part, unless `whole`.

    Example:
        >>> rate = ByEpoch(MultiStep(1e-3, 0.1, steps=[10, 20]), steps_per_epoch=500)
        >>> round(float(rate(5000)), 6)
        0.0001
    """

    schedule: Callable[[Any], Any]
    steps_per_epoch: Annotated[int, Ge(1)] | None = None
    whole: bool = False

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        if not self.steps_per_epoch:
            raise UserError("ByEpoch needs steps_per_epoch: bind ByEpoch.steps_per_epoch in gin.")
        epoch = ops.cast(step, "float32") / self.steps_per_epoch
        return self.schedule(ops.floor(epoch) if self.whole else epoch)

    def resolve(self, steps_per_epoch: int) -> None:
        """Takes the number of steps of an epoch, unless it was given already."""
        self.steps_per_epoch = self.steps_per_epoch or steps_per_epoch


@_schedule
class FunctionSchedule(Schedule):
    """Any function from step to value.

    To be loaded again from a `.keras` file, the function must be known to Keras:
    `@keras.saving.register_keras_serializable()`.
    """

    function: Callable[[Any], Any]

    def __call__(self, step: Any) -> Any:
        """The value at `step`."""
        return self.function(step)

    def get_config(self) -> dict[str, Any]:
        """The function by its registered name."""
        return {"function": keras.saving.serialize_keras_object(self.function)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FunctionSchedule":
        """Finds the function by its registered name."""
        return cls(keras.saving.deserialize_keras_object(config["function"]))


def as_schedule(value: Any) -> LearningRateSchedule | float:
    """Leaves a number or a schedule unchanged; makes any other function a `FunctionSchedule`."""
    if isinstance(value, LearningRateSchedule) or not callable(value):
        return value
    return FunctionSchedule(value)


def resolve(value: Any, steps_per_epoch: int) -> None:
    """Tells a `ByEpoch` how long an epoch is; leaves any other number or schedule alone."""
    if isinstance(value, _OfAnother):
        value.resolve(steps_per_epoch)


def _fraction(step: Any, start: int, num_steps: int) -> Any:
    return ops.clip((ops.cast(step, "float32") - start) / num_steps, 0.0, 1.0)


def _between(initial: float, final: float, fraction: Any) -> Any:
    # Written so that both ends are met exactly, which initial + fraction * difference is not.
    return (1.0 - fraction) * initial + fraction * final


def _cycle(step: Any, period: int) -> tuple[Any, Any]:
    """The number of the period and the part of it that has passed."""
    periods = ops.cast(step, "float32") / period
    number = ops.floor(periods)
    return number, periods - number


def _power(schedule: Any, exponent: Any) -> Any:
    factor = ops.cast(schedule.factor, "float32")
    return ops.maximum(schedule.initial * ops.power(factor, exponent), schedule.floor)


_KERAS_PARAMETERS = {
    "initial_learning_rate": Annotated[float, Ge(0)],
    "end_learning_rate": Annotated[float, Ge(0)],
    "warmup_target": Annotated[float, Ge(0)] | None,
    "decay_rate": Annotated[float, Ge(0)],
    "decay_steps": _Length,
    "first_decay_steps": _Length,
    "warmup_steps": _Step,
    "boundaries": Sequence[_Step],
    "values": Annotated[Sequence[float], MinLen(1)],
    "alpha": Annotated[float, Interval(ge=0, le=1)],
    "t_mul": Annotated[float, Gt(0)],
    "m_mul": Annotated[float, Gt(0)],
    "power": Annotated[float, Ge(0)],
    "staircase": bool,
    "cycle": bool,
    "name": str,
}
for _name in dir(keras.optimizers.schedules):
    _thing = getattr(keras.optimizers.schedules, _name)
    if isinstance(_thing, type) and _thing is not LearningRateSchedule:
        external_configurable(_thing, _name, _KERAS_PARAMETERS)
