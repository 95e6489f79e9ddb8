"""TF1's functions from the step to a learning rate, by the names that gin.tf gives them.

disentanglement_lib's gin files bind them without parentheses, and its optimizers pass the step:

    vae_optimizer.learning_rate = @exponential_decay
    exponential_decay.learning_rate = 0.001
    exponential_decay.decay_steps = 10000
    exponential_decay.decay_rate = 0.5

Here each gives a schedule, `@tf.train.exponential_decay` and `@exponential_decay()` alike. `name`
is accepted and has no effect.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated

from annotated_types import Ge, MinLen
from keras.optimizers import schedules
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.checks import Count, NotNegative, Positive
from tfdis.config import configurable
from tfdis.errors import UserError

_Rate = Annotated[float, Ge(0)]
_MAKERS: set[str] = set()


def _tf1(make: Callable[..., LearningRateSchedule]) -> Callable[..., LearningRateSchedule]:
    _MAKERS.add(make.__name__)
    return configurable(make.__name__, module="tf.train")(make)


def is_tf1_schedule(thing: object) -> bool:
    """Whether this is one of the functions below, as gin refers to it."""
    return callable(thing) and getattr(thing, "__name__", None) in _MAKERS


@_tf1
def exponential_decay(
    learning_rate: _Rate,
    decay_steps: Count,
    decay_rate: NotNegative,
    staircase: bool = False,
    name: str | None = None,
) -> LearningRateSchedule:
    """`learning_rate * decay_rate ** (step / decay_steps)`; the exponent floored by `staircase`."""
    del name
    return schedules.ExponentialDecay(learning_rate, decay_steps, decay_rate, staircase)


@_tf1
def natural_exp_decay(
    learning_rate: _Rate,
    decay_steps: Count,
    decay_rate: NotNegative,
    staircase: bool = False,
    name: str | None = None,
) -> LearningRateSchedule:
    """`learning_rate * exp(-decay_rate * step / decay_steps)`; see `exponential_decay`."""
    del name
    return schedules.ExponentialDecay(learning_rate, decay_steps, math.exp(-decay_rate), staircase)


@_tf1
def inverse_time_decay(
    learning_rate: _Rate,
    decay_steps: Count,
    decay_rate: NotNegative,
    staircase: bool = False,
    name: str | None = None,
) -> LearningRateSchedule:
    """`learning_rate / (1 + decay_rate * step / decay_steps)`; see `exponential_decay`."""
    del name
    return schedules.InverseTimeDecay(learning_rate, decay_steps, decay_rate, staircase)


@_tf1
def polynomial_decay(
    learning_rate: _Rate,
    decay_steps: Count,
    end_learning_rate: _Rate = 0.0001,
    power: Positive = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> LearningRateSchedule:
    """To `end_learning_rate` along `(1 - step / decay_steps) ** power`, once or in cycles."""
    del name
    return schedules.PolynomialDecay(learning_rate, decay_steps, end_learning_rate, power, cycle)


@_tf1
def piecewise_constant(
    boundaries: Annotated[Sequence[Count], MinLen(1)],
    values: Sequence[_Rate],
    name: str | None = None,
) -> LearningRateSchedule:
    """The first value up to and with the first boundary, and so on.

    Raises:
        UserError: there is not one value more than boundaries, or these do not ascend.
    """
    del name
    boundaries = list(boundaries)
    if len(values) != len(boundaries) + 1 or boundaries != sorted(set(boundaries)):
        raise UserError(
            f"piecewise_constant has boundaries {boundaries} and values {list(values)}: expected "
            "ascending boundaries, and one value more."
        )
    return schedules.PiecewiseConstantDecay(boundaries, list(values))
