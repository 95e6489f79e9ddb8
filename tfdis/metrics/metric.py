"""Registers functions as metrics, and the type of their results."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tfdis.config import configurable
from tfdis.errors import UserError

_METRICS: dict[str, Callable[..., dict[str, Any]]] = {}


class Scores(dict[str, Any]):
    """Scores by name.

    Attributes:
        matrices: the matrices behind the scores, by name, each `[num_latents, num_factors]`.
    """

    def __init__(self, scores: Mapping[str, Any], **matrices: np.ndarray):
        super().__init__(scores)
        self.matrices = matrices


def metric(name: str | Callable[..., dict[str, Any]]) -> Callable:
    """Registers a metric in gin: under a name, or, without arguments, under the function's own.

    A metric is `f(source, random_state, **parameters)` and returns its scores by name. `source`
    (see `tfdis.metrics.source.Source`) gives codes and factors, drawn from `random_state`.

    Example:
        >>> @metric
        ... def active_latents(source, random_state, num_train=1000):
        ...     codes, factors = source.points(num_train, random_state)
        ...     return {"active_latents": int(np.sum(codes.std(axis=0) > 0.05))}
    """
    if callable(name):
        return metric(name.__name__)(name)

    def register(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        _METRICS[name] = configurable(name, denylist=["source", "random_state"])(function)
        return _METRICS[name]

    return register


def all_metrics() -> dict[str, Callable[..., dict[str, Any]]]:
    """Every metric by its gin name: those of `tfdis.metrics`, and the caller's own."""
    package = importlib.import_module("tfdis.metrics")
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(info.name)
    return dict(sorted(_METRICS.items()))


def find_metric(name: str) -> Callable[..., dict[str, Any]]:
    """The metric of this gin name.

    Raises:
        UserError: there is none.
    """
    metrics = all_metrics()
    if name not in metrics:
        raise UserError(f"There is no metric '{name}'; there are: {', '.join(metrics)}.")
    return metrics[name]


def is_metric(function: Callable) -> bool:
    """Whether a function, as gin gives it, is one that `metric` registered."""
    return inspect.unwrap(function) in map(inspect.unwrap, _METRICS.values())
