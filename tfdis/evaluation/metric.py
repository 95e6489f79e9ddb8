"""What makes a function a metric: its gin name, and what it must be able to count on."""

import importlib
import os
import pkgutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.results import write_json

_ARGUMENTS = ["ground_truth_data", "representation_function", "random_state"]
_METRICS: dict[str, Callable[..., dict[str, Any]]] = {}
_VALIDATION_ARGUMENTS = ["observations", "labels", "representation_function"]


def metric(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Registers a metric in gin under the function's own name.

    A metric is `f(ground_truth_data, representation_function, random_state, artifact_dir=None,
    **parameters)`, as disentanglement_lib calls it, and returns its scores by name. It gets its
    codes from `tfdis.evaluation.sources.source_of(ground_truth_data, representation_function)`.
    """
    _METRICS[function.__name__] = configurable(
        function.__name__, denylist=[*_ARGUMENTS, "artifact_dir"]
    )(function)
    return _METRICS[function.__name__]


def validation_metric(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Registers a metric of a fixed labelled set in gin under the function's own name.

    It is `f(observations, labels, representation_function, **parameters)`, with observations
    `[samples, ...]` and labels `[num_factors, samples]`, as disentanglement_lib calls it.
    """
    return configurable(function.__name__, denylist=_VALIDATION_ARGUMENTS)(function)


def all_metrics() -> dict[str, Callable[..., dict[str, Any]]]:
    """Every metric by its gin name: those of `tfdis.evaluation.metrics`, and the caller's own."""
    package = importlib.import_module("tfdis.evaluation.metrics")
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(info.name)
    return dict(sorted(_METRICS.items()))


def metric_named(name: str) -> Callable[..., dict[str, Any]]:
    """The metric of this gin name.

    Raises:
        UserError: there is none.
    """
    metrics = all_metrics()
    if name not in metrics:
        raise UserError(f"There is no metric '{name}'; there are: {', '.join(metrics)}.")
    return metrics[name]


def require_varied_factors(factors: np.ndarray, factor_names: Sequence[str] | None = None) -> None:
    """Raises a UserError where a factor, a column of `factors`, has one value in all samples.

    It has no entropy then, and no classifier can be fitted to it.
    """
    for i, column in enumerate(factors.T):
        if (column == column[0]).all():
            name = factor_names[i] if factor_names is not None else f"factor_{i}"
            raise UserError(
                f"Factor '{name}' has a single value in {len(column)} samples, and so cannot be "
                "scored: use more samples, or leave the factor out."
            )


def require_two_latents(codes: np.ndarray) -> None:
    """Raises a UserError where there are no two latents whose scores could be compared."""
    if codes.shape[1] < 2:
        raise UserError("This score compares the two best latents, and there is only one.")


def save_matrix(
    artifact_dir: str | os.PathLike | None,
    name: str,
    matrix: np.ndarray,
    factor_names: Sequence[str],
) -> None:
    """Writes a matrix, `[num_latents, num_factors]`, as `name`.json, where artifacts are wanted."""
    if artifact_dir is not None:
        content = {"factor_names": list(factor_names), "matrix": np.asarray(matrix)}
        write_json(Path(artifact_dir) / f"{name}.json", content)
