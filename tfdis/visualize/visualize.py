"""The visualize stage: draws a model again, from its directory or from a checkpoint."""

import contextlib
import copy
import os
import time
from collections.abc import Sequence
from pathlib import Path

import gin

from tfdis import config, results
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.models.trained import TrainedModel, load
from tfdis.outputs import refuse_output, stage_output
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory, dataset_of
from tfdis.read_back import refuse_code
from tfdis.tf_hub import module_in
from tfdis.training import checkpoint
from tfdis.unused_bindings import untold
from tfdis.visualize.draw import Pictures, draw_all
from tfdis.visualize.saved_model import SavedModel


def visualize_with_gin(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
) -> Pictures:
    """Draws under the gin config of the training, changed by files and bindings; see `visualize`.

    Args:
        model_dir: see `visualize`.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
    """
    trained_with = _config_path(model_dir)
    # disentanglement_lib's config has names of TF-Hub 1's export, and a module needs none of it.
    read = trained_with.is_file() and not _is_module(Path(model_dir))
    files = [str(trained_with)] if read else []
    for file in files:
        refuse_code(file, gin_config_files)
    # Without them, the user gives the training's own.
    whose = contextlib.nullcontext() if files else untold()
    with whose, config.parsed(gin_config_files, gin_bindings, read_back=files):
        return visualize(model_dir, output_dir, overwrite)


@configurable("visualize", denylist=["model_dir", "output_dir", "overwrite"])
def visualize(
    model_dir: str | os.PathLike, output_dir: str | os.PathLike, overwrite: bool = False
) -> Pictures:
    """Draws the pictures of a model; `draw_all` has their settings.

    Args:
        model_dir: a directory of tfdis-train, or one of its checkpoints, such as
            `DIR/checkpoints/00005000`, also of a run that has not ended; or a TF-Hub module of
            disentanglement_lib's training.
        output_dir: directory to write.
        overwrite: replace an existing directory.

    Raises:
        UserError: there is no model, or `output_dir` exists and may not be overwritten.
    """
    refuse_output("visualize", output_dir, overwrite, [model_dir])
    start = time.monotonic()
    trained, data = _open(Path(model_dir))
    run_dir = _run_dir(model_dir)
    with stage_output("visualize", output_dir, overwrite, [model_dir]) as partial:
        drawn = draw_all(trained, data, partial, run_dir / "progress.jsonl")
        numbers = {"elapsed_time": time.monotonic() - start, "num_pictures": len(drawn.paths)}
        previous = run_dir / "results"
        results.update_result_directory(
            partial / "results", "visualize", numbers, previous if previous.is_dir() else None
        )
    paths = [Path(output_dir) / path.relative_to(partial) for path in drawn.paths]
    return Pictures(paths, drawn.information)


def _config_path(model_dir: str | os.PathLike) -> Path:
    return _run_dir(model_dir) / "results" / "gin" / "train.gin"


def _run_dir(model_dir: str | os.PathLike) -> Path:
    """The run's directory, from a model directory or a checkpoint."""
    path = Path(model_dir).resolve()
    return path.parent.parent if _is_checkpoint(path) else path


def _is_checkpoint(path: Path) -> bool:
    return (path / "run.json").is_file()


def _is_module(path: Path) -> bool:
    """Whether there is nothing but a TF-Hub module to draw from."""
    if _is_checkpoint(path) or (path / "model.keras").is_file():
        return False
    if checkpoint.latest(path / "checkpoints") is not None:
        return False
    return module_in(path) is not None


def _open(path: Path) -> tuple[TrainedModel | SavedModel, GroundTruthData]:
    if not _is_checkpoint(path) and (path / "model.keras").is_file():
        trained = load(path)
        name = trained.gin.get("dataset.name", "").strip("'\"")
        return trained, get_named_ground_truth_data(**_unless_bound("dataset.name", name=name))
    if _is_module(path):
        opened = SavedModelDirectory(path)
        trained = SavedModel(opened)
        if bound := _unless_bound("dataset.name", name="auto"):
            with gin.unlock_config():
                gin.bind_parameter("dataset.name", bound["name"])
        return trained, dataset_of(opened)
    saved = path if _is_checkpoint(path) else checkpoint.latest(path / "checkpoints")
    if saved is None:
        raise UserError(
            f"{path} holds neither a model nor a checkpoint: name a directory that tfdis-train "
            "wrote, one of its checkpoints, or a TF-Hub module."
        )
    try:
        builder = copy.deepcopy(gin.query_parameter("model.model"))  # how gin evaluates @references
        seed = gin.query_parameter("model.random_seed")
    except ValueError as error:
        raise UserError(
            f"The gin config of {saved} is not at {_config_path(path)}: pass the --gin_file and "
            "--gin_bindings that it was trained with."
        ) from error
    data = get_named_ground_truth_data()
    model = builder(data, seed)
    model.compile()
    weights = {name: part for name, part in model.state.items() if not name.endswith("optimizer")}
    checkpoint.read(saved, weights)
    return TrainedModel(model), data


def _unless_bound(parameter: str, **value: str) -> dict[str, str]:
    try:
        gin.query_parameter(parameter)
    except ValueError:
        return value
    return {}
