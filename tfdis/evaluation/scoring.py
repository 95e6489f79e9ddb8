"""Scores of a model or of codes, from Python."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import gin
import numpy as np
from annotated_types import Ge

from tfdis.checks import Count, checked
from tfdis.config import configurable, explained, one_sentence
from tfdis.errors import UserError
from tfdis.evaluation.metric import scores_from
from tfdis.evaluation.metric_progress import MetricProgress
from tfdis.evaluation.settings import gin_apart, names_in, refuse_unknown, settings_of
from tfdis.metrics.arrays import Continuous
from tfdis.metrics.source import Source
from tfdis.metrics.table import TableSource
from tfdis.unused_bindings import tell_unused, told_together


@checked
def evaluate(
    model: Any,
    data: Any,
    metrics: str | Sequence[str],
    gin_bindings: Sequence[str] = (),
    sample: bool = False,
    batch_size: Count = 1000,
    verbose: bool = True,
) -> dict[str, dict[str, Any]]:
    """Scores a model; all metrics share the codes of the images that they have in common.

    The parameters are those of disentanglement_lib's studies (gin_configs/metrics).

    Args:
        model: see `representation_of`.
        data: a data set of ours, or any object that speaks disentanglement_lib's protocol.
        metrics: names, such as `["mig", "dci"]`.
        gin_bindings: change parameters, such as `["mig.num_train = 1000"]`.
        sample: whether to score a draw from the posterior; otherwise its mean.
        batch_size: how many images are encoded at a time.
        verbose: whether to show progress.

    Returns:
        for each metric its scores by name.

    Raises:
        UserError: there is no such metric or parameter, or the codes cannot be scored.

    Example:
        >>> model = tfdis.load("models/beta_tcvae")
        >>> tfdis.evaluate(model, Sprites(), ["mig", "irs"])["mig"]["discrete_mig"]
    """
    # Here, so that `score` works without TensorFlow.
    from tfdis.evaluation.representations import log_likelihood_of, representation_of
    from tfdis.evaluation.sources import DataSource

    source = DataSource(data, representation_of(model, sample), batch_size)
    source.log_likelihood = log_likelihood_of(model)
    return _all_scores(source, metrics, gin_bindings, verbose)


@checked
def score(
    codes: Any,
    factors: Any,
    metrics: str | Sequence[str],
    factor_names: Sequence[str] | None = None,
    gin_bindings: Sequence[str] = (),
    verbose: bool = False,
    continuous: Continuous = None,
) -> dict[str, dict[str, Any]]:
    """Scores codes that were computed elsewhere, by any model.

    A metric gets as many points as in disentanglement_lib's studies, or all where there are fewer;
    `TableSource` says how points are drawn. Sizes in `gin_bindings` are not changed.

    Args:
        codes: `[samples, num_latents]`.
        factors: labels or quantities, `[samples, num_factors]`.
        metrics: names, such as `["mig", "dci"]`.
        factor_names: one name per factor.
        gin_bindings: change parameters, such as `["dci.num_train = 1000"]`.
        verbose: whether to show progress.
        continuous: which factors are quantities, one for all or one each; None: those whose values
            are fractions, a tenth of the samples or more of them different.

    Returns:
        for each metric its scores by name.

    Raises:
        UserError: there is no such metric or parameter, the arrays do not fit, or cannot be scored.
    """
    source = TableSource(codes, factors, factor_names, continuous)
    return _all_scores(source, metrics, gin_bindings, verbose)


@configurable("evaluation", denylist=["source", "artifacts"])
def scores_of(
    source: Source,
    artifacts: str | os.PathLike | None,
    evaluation_fn: Callable = gin.REQUIRED,
    random_seed: Annotated[int, Ge(0)] = gin.REQUIRED,
    name: str = "",
) -> dict[str, Any]:
    """The scores of the configured metric, and the seconds that it took.

    Args:
        source: see `Source`.
        artifacts: a directory; the metric's go below it, under `name`.
        evaluation_fn: a metric.
        random_seed: of the draws, those from numpy's global state included.
        name: of the metric.

    Raises:
        UserError: the codes cannot be scored.
    """
    started = time.monotonic()
    artifact_dir = None if artifacts is None else Path(artifacts) / name
    source.begin(random_seed)
    with numpy_seeded(random_seed):
        try:
            random_state = np.random.RandomState(random_seed)
            scores = scores_from(evaluation_fn, source, random_state, artifact_dir)
        except ValueError as error:
            raise UserError(f"It cannot be scored: {one_sentence(error)}") from error
    return {**scores, "elapsed_time": time.monotonic() - started}


def configured_scores(source: Source, artifacts: str | os.PathLike | None) -> dict[str, Any]:
    """`scores_of` with gin's current bindings; a missing one raises an error that names it."""
    with explained():
        return scores_of(source, artifacts)


def _all_scores(
    source: Source, metrics: Sequence[str], gin_bindings: Sequence[str], verbose: bool
) -> dict[str, dict[str, Any]]:
    names = names_in(metrics)
    refuse_unknown(names)
    progress = MetricProgress(len(names)) if verbose else None
    if progress is not None:
        source.progress = progress.encoded
    found = {}
    with told_together():  # what is bound for one metric no other uses
        for name in names:
            if progress is not None:
                progress.metric(name)
            if isinstance(source, TableSource):
                source.exact = _says_how_many_points(name, gin_bindings)
            with gin_apart(), settings_of(name, (), gin_bindings):
                found[name] = configured_scores(source, None)
                tell_unused()
    if progress is not None:
        progress.close()
    return found


def _says_how_many_points(metric: str, gin_bindings: Sequence[str]) -> bool:
    """Whether one of the bindings sets how many points (not groups) this metric gets."""
    parameters = {f"{metric}.{name}" for name in ("num_train", "num_test", "num_variance_estimate")}
    parameters -= {"factor_vae_score.num_train", "beta_vae_sklearn.num_train"}
    return any(binding.split("=")[0].strip() in parameters for binding in gin_bindings)


@contextmanager
def numpy_seeded(seed: int) -> Iterator[None]:
    """Seeds numpy's global random state within a `with` block, and restores it afterwards."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)
