"""Every gin file in disentanglement_lib's package runs here, unchanged.

Bindings that come after make the samples small; the files themselves are read as they are. Files of
one content, which the studies share, run once.
"""

from pathlib import Path

import pytest
from saved_models import write_trained

from tfdis.evaluation.evaluate import evaluate_with_gin
from tfdis.evaluation.ranking import rank_with_gin
from tfdis.evaluation.validate import validate_with_gin
from tfdis.postprocessing.postprocess import postprocess_with_gin
from tfdis.reasoning.reason import reason_with_gin
from tfdis.results import gin_dict
from tfdis.training.train import train_with_gin

# What is small enough to be quick, by the end of a parameter's name.
_SIZES = {
    "num_train": 60,
    "num_test": 60,
    "num_eval": 60,
    "num_test_points_per_class": 10,
    "num_variance_estimate": 60,
    "prune_dims.threshold": 0.0,
    "num_data_points": 60,
    "num_labelled_samples": 200,
    "training_steps": 1,
    "eval_steps": 1,
    "batch_size": 4,
    "num_iterations": 1,
    "training_steps_per_iteration": 1,
    "eval_steps_per_iteration": 1,
    "edge_mlp": [8],
    "graph_mlp": [8],
}
_METRIC_BATCHES = ("evaluation.evaluation_fn", "validation.validation_fn")


def _files(folder: Path) -> list[Path]:
    """One file of each content."""
    by_content = {gin_file.read_text(): gin_file for gin_file in sorted(folder.rglob("*.gin"))}
    return list(by_content.values())


def pytest_generate_tests(metafunc):
    if "gin_file" in metafunc.fixturenames:
        package = Path(__file__).parent.parent / ".dlib15" / "disentanglement_lib" / "config"
        files = _files(package)
        ids = [str(path.relative_to(package)) for path in files]
        metafunc.parametrize("gin_file", files, ids=ids)


def _small(bindings: dict[str, str]) -> list[str]:
    is_metric = any(name in bindings for name in _METRIC_BATCHES)
    return [
        f"{name} = {value}"
        for name in bindings
        for end, value in _SIZES.items()
        if name.endswith(end) and not (end == "batch_size" and is_metric)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return write_trained(tmp_path_factory.mktemp("trained") / "model")


@pytest.mark.slow
def test_a_gin_file_runs(gin_file, trained, tmp_path):
    bindings = gin_dict(gin_file.read_text())
    small = _small(bindings)
    out = tmp_path / "out"
    run = {"gin_config_files": [str(gin_file)]}
    if "abstract_reasoning.model" in bindings:
        # The example leaves these to the command line.
        missing = {
            "dataset.name": "'dummy_data'",
            "pgm.pgm_type": "'easy1'",
            "TwoStageModel.embedding_model_class": "'values'",
        }
        given = [f"{k} = {v}" for k, v in missing.items() if k not in bindings]
        frozen = bindings.get("TwoStageModel.embedding_model_class") == "@HubEmbedding"
        reason_with_gin(trained if frozen else None, out, gin_bindings=[*small, *given], **run)
    elif "validation.validation_fn" in bindings:
        validate_with_gin(trained, out, gin_bindings=small, **run)
    elif bindings.get("evaluation.evaluation_fn") == "@udr_sklearn":
        rank_with_gin([trained, trained], out, gin_bindings=small, **run)
    elif "evaluation.evaluation_fn" in bindings:
        evaluate_with_gin(trained, out, gin_bindings=small, **run)
    elif "postprocess.postprocess_fn" in bindings:
        postprocess_with_gin(trained, out, gin_bindings=small, **run)
    else:
        tiny = [
            "dataset.name = 'dummy_data'",
            "encoder.encoder_fn = @test_encoder",
            "decoder.decoder_fn = @test_decoder",
            "encoder.num_latent = 10",
            "model.eval_steps = 1",
        ]
        train_with_gin(out, gin_bindings=[*small, *tiny], **run)
    assert list((out / "results" / "json").glob("*.json")) or list(out.rglob("*.json"))
