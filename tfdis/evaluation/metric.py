"""A metric as disentanglement_lib calls it, and as the evaluation stage calls it."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.metrics.arrays import FactorError
from tfdis.metrics.metric import Scores, find_metric, is_metric
from tfdis.metrics.source import Source
from tfdis.results import write_json


def metric_named(name: str) -> Callable[..., dict[str, Any]]:
    """The metric of this gin name, as disentanglement_lib calls it.

    Returns:
        `f(ground_truth_data, representation_function, random_state, artifact_dir=None,
        **parameters)`; a representation function is anything that `source_of` takes.

    Raises:
        UserError: there is none.
    """
    function = find_metric(name)

    @functools.wraps(function)
    def call(
        ground_truth_data: Any,
        representation_function: Any,
        random_state: np.random.RandomState,
        artifact_dir: str | os.PathLike | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        from tfdis.evaluation.sources import source_of

        source = source_of(ground_truth_data, representation_function)
        return scores_from(function, source, random_state, artifact_dir, **parameters)

    call.__name__ = name
    return call


def scores_from(
    function: Callable[..., dict[str, Any]],
    source: Source,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """The scores of a metric; its matrices are written where artifacts are wanted.

    Args:
        function: a registered metric, or a function with disentanglement_lib's signature, which
            gets `source` for its representation function.
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        artifact_dir: a directory, or None.
        parameters: of the metric.

    Raises:
        UserError: the codes cannot be scored.
    """
    if not is_metric(function):
        return function(source.data, source, random_state, artifact_dir=artifact_dir, **parameters)
    try:
        scores = function(source, random_state, **parameters)
    except FactorError as error:
        raise error.named(source.factor_names) from error
    if artifact_dir is not None and isinstance(scores, Scores):
        for name, matrix in scores.matrices.items():
            content = {"factor_names": list(source.factor_names), "matrix": np.asarray(matrix)}
            write_json(Path(artifact_dir) / f"{name}.json", content)
    return scores
