"""How the weight of a supervised loss moves (Locatello et al., 2020), as schedules."""

from collections.abc import Callable

from keras.optimizers.schedules import LearningRateSchedule

from tfdis.checks import Count, Index
from tfdis.config import configurable
from tfdis.schedules import LinearSchedule, Piecewise


@configurable("annealer", denylist=["gamma"])
def make_annealer(
    gamma: float, iteration_threshold: Index, anneal_fn: Callable
) -> float | LearningRateSchedule:
    """The weight as a number or a schedule.

    Args:
        gamma: the weight in the end.
        iteration_threshold: a step; what it means is up to `anneal_fn`.
        anneal_fn: one of those below.
    """
    return anneal_fn(gamma, iteration_threshold)


@configurable("fixed", denylist=["gamma", "iteration_threshold"])
def fixed_annealer(gamma: float, iteration_threshold: Index) -> float:
    """`gamma` from the first step to the last."""
    del iteration_threshold
    return gamma


@configurable("anneal", denylist=["gamma", "iteration_threshold"])
def linear_annealer(gamma: float, iteration_threshold: Count) -> LinearSchedule:
    """Rises from 0 in a straight line and reaches `gamma` at the threshold."""
    return LinearSchedule(0.0, gamma, num_steps=iteration_threshold)


@configurable("fine_tune", denylist=["gamma", "iteration_threshold"])
def fine_tune_annealer(gamma: float, iteration_threshold: Index) -> Piecewise:
    """0 up to the threshold and `gamma` at every later step."""
    steps = (iteration_threshold, iteration_threshold + 1)
    return Piecewise(steps, (0.0, gamma), interpolation="constant")
