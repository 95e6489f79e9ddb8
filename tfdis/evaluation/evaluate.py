"""The evaluate stage: scores of a model directory."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import gin

from tfdis import config, results
from tfdis.evaluation.metric_progress import MetricProgress
from tfdis.evaluation.model_directory import ModelDirectory
from tfdis.evaluation.plots import plot_artifacts
from tfdis.evaluation.reference import differences, reference_scores, refuse_unknown_reference
from tfdis.evaluation.scoring import configured_scores
from tfdis.evaluation.settings import gin_apart, names_in, refuse_unknown, settings_of
from tfdis.evaluation.sources import DataSource, Progress
from tfdis.outputs import refuse_output, stage_output
from tfdis.unused_bindings import told_together


def evaluate_with_gin(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
) -> dict:
    """Scores a model as a gin config says; see `evaluate_directory`.

    Args:
        model_dir: see `ModelDirectory`.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
    """
    with config.parsed(gin_config_files, gin_bindings):
        return evaluate_directory(model_dir, output_dir, overwrite)


def evaluate_directory(
    model_dir: str | os.PathLike | ModelDirectory,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    progress: Progress | None = None,
    reference: bool = False,
) -> dict:
    """Scores a model with the metric `evaluation.evaluation_fn` on the data set `dataset.name`.

    `dataset.name = "auto"` takes the data set of the stage before. Leaves results/ (with those of
    the stages before), and artifacts/ with the matrices behind the scores, and pictures of them.

    Args:
        model_dir: see `ModelDirectory`; one that is open already keeps the codes it has.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        progress: called with the number of images encoded so far and in total.
        reference: whether to run disentanglement_lib's own function too, and to write
            results/json/reference_results.json: for each score ours, theirs and the difference.

    Returns:
        The scores.

    Raises:
        UserError: something in the directory or the config is wrong, or the codes cannot be scored.
    """
    path = model_dir.path if isinstance(model_dir, ModelDirectory) else model_dir
    refuse_output("evaluation", output_dir, overwrite, [path])
    opened = model_dir if isinstance(model_dir, ModelDirectory) else ModelDirectory(model_dir)
    source = opened.source(progress)
    with stage_output("evaluation", output_dir, overwrite, [path]) as partial:
        scores = configured_scores(source, partial / "artifacts")
        plot_artifacts(partial / "artifacts")
        results.update_result_directory(
            partial / "results", "evaluation", scores, opened.results_dir
        )
        if reference:
            results.write_json(
                partial / "results" / "json" / "reference_results.json", _compared(scores, source)
            )
    return scores


def evaluate_metrics(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    metrics: Sequence[str],
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
    reference: bool = False,
) -> dict[str, dict]:
    """Scores a model with several metrics, which share the codes of its images.

    Args:
        model_dir: see `ModelDirectory`.
        output_dir: gets one directory per metric.
        metrics: names of metrics, or of ready files in gin_configs/metrics.
        overwrite: replace existing directories.
        gin_config_files: read after each metric's ready file.
        gin_bindings: read after the files.
        reference: see `evaluate_directory`.

    Returns:
        for each metric its scores.

    Raises:
        UserError: see `evaluate_directory`; a wrong name or directory is an error at once.
    """
    config.register_all()
    names = names_in(metrics)
    refuse_unknown(names)
    if reference:
        refuse_unknown_reference(names)
    directories = {name: Path(output_dir) / name for name in names}
    for directory in directories.values():
        refuse_output("evaluation", directory, overwrite, [model_dir])
    opened = ModelDirectory(model_dir)
    progress = MetricProgress(len(names))
    scores = {}
    # What is bound for one metric no other uses.
    with told_together() if len(names) > 1 else contextlib.nullcontext():
        for name, directory in directories.items():
            progress.metric(name)
            with gin_apart(), settings_of(name, gin_config_files, gin_bindings):
                _bind_unless_bound("evaluation.name", name)
                scores[name] = evaluate_directory(
                    opened, directory, overwrite, progress.encoded, reference
                )
    progress.close()
    return scores


def _compared(scores: dict, source: DataSource) -> dict[str, dict[str, float]]:
    """By score, ours and disentanglement_lib's."""
    name = gin.query_parameter("evaluation.evaluation_fn").selector.rpartition(".")[2]
    theirs = reference_scores(name, source, gin.query_parameter("evaluation.random_seed"))
    return {
        score: {"ours": ours, "disentanglement_lib": their, "difference": difference}
        for score, ours, their, difference in differences(scores, theirs)
    }


def _bind_unless_bound(parameter: str, value: str) -> None:
    try:
        gin.query_parameter(parameter)
    except ValueError:
        with gin.unlock_config():
            gin.bind_parameter(parameter, value)
