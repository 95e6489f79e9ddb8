"""Every gin file of disentanglement_lib runs unchanged.

Bindings that come after the files make samples and trainings small, and name what a study leaves to
its numbers or to the command line; the files themselves are read as they are.
"""

import collections
import os
import shutil
from pathlib import Path

import pytest
from saved_models import write_trained

from tfdis.evaluation import evaluate
from tfdis.evaluation.model_directory import ModelDirectory
from tfdis.evaluation.ranking import rank_with_gin
from tfdis.evaluation.validate import validate_with_gin
from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.reasoning.reason import reason_with_gin
from tfdis.results import gin_dict
from tfdis.training.train import train_with_gin

_CONFIG = (
    Path(os.environ.get("TFDIS_DLIB15", Path(__file__).parent.parent / ".dlib15"))
    / "disentanglement_lib"
    / "config"
)
# What a file binds says which command takes it; the first that fits.
_COMMANDS = {
    "abstract_reasoning.model": "reason",
    "validation.validation_fn": "validate",
    "udr_sklearn.batch_size": "rank",
    "evaluation.evaluation_fn": "evaluate",
    "postprocess.postprocess_fn": "postprocess",
    "model.model": "train",
}
_SMALL = {
    "abstract_reasoning.num_iterations": 1,
    "abstract_reasoning.training_steps_per_iteration": 1,
    "abstract_reasoning.eval_steps_per_iteration": 1,
    "abstract_reasoning.batch_size": 2,
    "OptimizedWildRelNet.edge_mlp": [8],
    "OptimizedWildRelNet.graph_mlp": [8],
    "model.training_steps": 2,
    "model.batch_size": 2,
}
_FEW_POINTS = ("num_train", "num_test", "num_eval", "num_variance_estimate")
# The study's numbers and the reasoning example's command line say these; the data set of the files
# that ask for dSprites is noise here.
_GIVEN = {
    "reason": {
        "dataset.name": "'dummy_data'",
        "pgm.pgm_type": "'easy1'",
        "TwoStageModel.embedding_model_class": "'values'",
    },
    "train": {"model.eval_steps": 1},
    "validate": {"validation.num_labelled_samples": 200},
}


def _kind(bindings: dict[str, str]) -> str:
    return next(command for key, command in _COMMANDS.items() if key in bindings)


def _distinct() -> dict[str, Path]:
    """A file of every content: the three studies share most of theirs."""
    by_content = {}
    for path in sorted(_CONFIG.rglob("*.gin")):
        by_content.setdefault(str(sorted(gin_dict(path.read_text()).items())), path)
    return {str(path.relative_to(_CONFIG)): path for path in by_content.values()}


def _small(bindings: dict[str, str]) -> list[str]:
    """Bindings that make a file's own ones cheap."""
    small = [f"{key} = {value}" for key, value in _SMALL.items() if key in bindings]
    for key, value in bindings.items():
        if key.endswith(_FEW_POINTS):
            small.append(f"{key} = {'[60]' if value.startswith('[') else 60}")
        elif key.endswith("num_test_points_per_class"):
            small.append(f"{key} = 10")
    if "encoder.encoder_fn" in bindings and "conv_encoder" in bindings["encoder.encoder_fn"]:
        small += ["dataset.name = 'dummy_data'", "conv_encoder.width = 0.1"]
        small += ["deconv_decoder.width = 0.1"]
    return small


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model as training leaves it, and the same one opened, which keeps its codes."""
    path = write_trained(tmp_path_factory.mktemp("model") / "trained")
    return path, ModelDirectory(path)


def test_every_file_has_a_command():
    paths = sorted(_CONFIG.rglob("*.gin"))
    kinds = collections.Counter(_kind(gin_dict(path.read_text())) for path in paths)
    assert kinds == {
        "evaluate": 41,
        "postprocess": 8,
        "reason": 5,
        "train": 6,
        "validate": 3,
        "rank": 2,
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", _distinct())
def test_a_gin_file_runs(name, trained, tmp_path, monkeypatch):
    path, opened = trained
    gin_file = _distinct()[name]
    bindings = gin_dict(gin_file.read_text())
    kind = _kind(bindings)
    given = {key: value for key, value in _GIVEN.get(kind, {}).items() if key not in bindings}
    if kind == "validate":
        given = _GIVEN[kind]
    run = {
        "gin_config_files": [str(gin_file)],
        "gin_bindings": [*_small(bindings), *(f"{key} = {given[key]}" for key in given)],
    }
    out = tmp_path / "out"
    if kind == "reason":
        frozen = bindings.get("TwoStageModel.embedding_model_class") == "@HubEmbedding"
        numbers = reason_with_gin(path if frozen else None, out, **run)
        assert 0 <= numbers["best.test.accuracy"] <= 1
    elif kind == "validate":
        assert len(validate_with_gin(path, out, **run)) > 1
    elif kind == "rank":
        second = shutil.copytree(path, tmp_path / "second")
        assert len(rank_with_gin([path, second], out, **run)["model_scores"]) == 2
    elif kind == "evaluate":
        # The pictures of matrices have tests of their own, and take longer than these scores.
        monkeypatch.setattr(evaluate, "plot_artifacts", lambda directory: [])
        assert len(evaluate.evaluate_with_gin(opened, out, **run)) > 1
    elif kind == "postprocess":
        postprocess_with_gin(path, out, **run)
        assert ModelDirectory(out).path == out
    else:
        assert train_with_gin(out, **run).model.steps == 2
