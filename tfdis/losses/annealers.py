"""How the weight of a supervised loss moves (Locatello et al., 2020), as schedules."""

from collections.abc import Callable
from typing import Annotated

from annotated_types import Ge
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.schedules import LinearSchedule, Piecewise


@configurable("annealer", denylist=["gamma"])
def make_annealer(
    gamma: float, iteration_threshold: Annotated[int, Ge(0)], anneal_fn: Callable
) -> float | LearningRateSchedule:
    """The weight as a number or a schedule.

    Args:
        gamma: the weight in the end.
        iteration_threshold: a step; what it means is up to `anneal_fn`.
        anneal_fn: one of those below.
    """
    return anneal_fn(gamma, iteration_threshold)


@configurable("fixed", denylist=["gamma", "iteration_threshold"])
def fixed_annealer(gamma: float, iteration_threshold: int) -> float:
    """`gamma` from the first step to the last."""
    del iteration_threshold
    return gamma


@configurable("anneal", denylist=["gamma", "iteration_threshold"])
def linear_annealer(gamma: float, iteration_threshold: int) -> LinearSchedule:
    """From 0 to `gamma` in a straight line, which is reached at the threshold.

    Raises:
        UserError: the threshold is 0.
    """
    if iteration_threshold < 1:
        raise UserError("annealer.iteration_threshold has to be above 0 for @anneal.")
    return LinearSchedule(0.0, gamma, num_steps=iteration_threshold)


@configurable("fine_tune", denylist=["gamma", "iteration_threshold"])
def fine_tune_annealer(gamma: float, iteration_threshold: int) -> Piecewise:
    """0 up to the threshold and `gamma` at every later step."""
    steps = (iteration_threshold, iteration_threshold + 1)
    return Piecewise(steps, (0.0, gamma), interpolation="constant")
