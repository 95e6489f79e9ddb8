"""disentanglement_lib's gin files of weak and few labels, validation and reasoning run unchanged.

Bindings that come after make the samples small; the files themselves are read as they are. Those of
metrics, postprocessing and unsupervised training are held in the tests of these stages.
"""

import os
from pathlib import Path

import pytest
from saved_models import write_trained

from tfdis.evaluation.validate import validate_with_gin
from tfdis.reasoning.reason import reason_with_gin
from tfdis.results import gin_dict
from tfdis.training.train import train_with_gin

_REASONING, _VALIDATION = "abstract_reasoning.model", "validation.validation_fn"
_OTHERS = ("model.num_labelled_samples", "dynamics.k")
_SMALL = {
    "abstract_reasoning.num_iterations": 1,
    "abstract_reasoning.training_steps_per_iteration": 1,
    "abstract_reasoning.eval_steps_per_iteration": 1,
    "abstract_reasoning.batch_size": 2,
    "OptimizedWildRelNet.edge_mlp": [8],
    "OptimizedWildRelNet.graph_mlp": [8],
    "validation.num_labelled_samples": 200,
}
# The example of the study leaves these to the command line.
_GIVEN = {
    "dataset.name": "'dummy_data'",
    "pgm.pgm_type": "'easy1'",
    "TwoStageModel.embedding_model_class": "'values'",
}


def _files() -> list[Path]:
    folder = os.environ.get("TFDIS_DLIB15", Path(__file__).parent.parent / ".dlib15")
    every = sorted((Path(folder) / "disentanglement_lib" / "config").rglob("*.gin"))
    return [
        path
        for path in every
        if {_REASONING, _VALIDATION, *_OTHERS} & gin_dict(path.read_text()).keys()
    ]


def test_there_are_ten_of_them():
    assert len(_files()) == 10


@pytest.mark.slow
@pytest.mark.parametrize("gin_file", _files(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_gin_file_runs(gin_file, tmp_path):
    bindings = gin_dict(gin_file.read_text())
    run = {
        "gin_config_files": [str(gin_file)],
        "gin_bindings": [f"{key} = {value}" for key, value in _SMALL.items() if key in bindings],
    }
    trained = write_trained(tmp_path / "trained")
    if _REASONING in bindings:
        run["gin_bindings"] += [f"{k} = {v}" for k, v in _GIVEN.items() if k not in bindings]
        frozen = bindings.get("TwoStageModel.embedding_model_class") == "@HubEmbedding"
        numbers = reason_with_gin(trained if frozen else None, tmp_path / "out", **run)
        assert 0 <= numbers["best.test.accuracy"] <= 1
    elif _VALIDATION in bindings:
        assert len(validate_with_gin(trained, tmp_path / "out", **run)) > 1
    else:
        run["gin_bindings"] += ["model.eval_steps = 1"]
        assert train_with_gin(tmp_path / "out", **run).model.steps == 2
