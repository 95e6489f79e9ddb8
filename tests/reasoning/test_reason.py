import json

import keras
import numpy as np
import pytest
from PIL import Image

from tfdis.cli.reason import main
from tfdis.manifest import files_in, read
from tfdis.reasoning.reason import STAGE
from tfdis.results import read_json, telling, update_result_directory, write_json
from tfdis.study.abstract_reasoning_study_v1_stage2 import configurations
from tfdis.training.directory import run_directory

TINY = [
    "abstract_reasoning.num_iterations = 2",
    "abstract_reasoning.training_steps_per_iteration = 3",
    "abstract_reasoning.eval_steps_per_iteration = 2",
    "abstract_reasoning.batch_size = 4",
    "OptimizedWildRelNet.edge_mlp = [8]",
    "OptimizedWildRelNet.dropout_in_last_graph_layer = 0.5",
]


def _reason(output_dir, *arguments, bindings=()):
    gin = [f"--gin_bindings={binding}" for binding in [*TINY, *bindings]]
    common = ["--gin_file=reasoning/factors.gin", f"--output_dir={output_dir}"]
    return main([*common, *gin, *arguments])


def _numbers(output_dir):
    return read_json(output_dir / "results/json/abstract_reasoning_results.json")


@pytest.mark.slow
def test_a_resumed_run_ends_bit_equal(tmp_path, capsys):
    assert _reason(tmp_path / "whole") == 0
    assert "chance: 0.1667" in capsys.readouterr().out
    numbers = _numbers(tmp_path / "whole")
    best = max((3, 6), key=lambda step: numbers[f"step{step}.val.accuracy"])
    assert numbers["best.test.accuracy"] == numbers[f"step{best}.test.accuracy"]
    assert numbers["step3.val.loss"] != numbers["step3.test.loss"]

    assert _reason(tmp_path / "part", bindings=["abstract_reasoning.num_iterations = 1"]) == 0
    # As if it had been stopped before its end.
    manifest = tmp_path / "part/.tfdis.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "complete": False}))
    assert _reason(tmp_path / "part", "--resume") == 0
    again = _numbers(tmp_path / "part")
    assert {k: v for k, v in again.items() if k.startswith("step")} == {
        k: v for k, v in numbers.items() if k.startswith("step")
    }
    models = [
        keras.models.load_model(tmp_path / name / "model.keras") for name in ("whole", "part")
    ]
    for one, other in zip(*(model.trainable_variables for model in models), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_owns_the_results_of_the_stages_before_and_replaces_them(tmp_path):
    earlier = tmp_path / "model" / "results"
    write_json(earlier / "json" / "train_results.json", {"loss": 1.0})
    out = tmp_path / "out"
    for accuracy in (0.25, 0.5):
        with run_directory(out, out.exists(), False, STAGE) as directory:
            directory.begin()
            with telling(directory.note):
                numbers = {"accuracy": accuracy}
                update_result_directory(directory.path / "results", STAGE, numbers, earlier)
            directory.end()
        assert all(map(read(out).owns, files_in(out)))
    assert _numbers(out)["accuracy"] == 0.5
    assert read_json(out / "results/json/train_results.json") == {"loss": 1.0}


@pytest.mark.parametrize(
    ("bindings", "told"),
    [
        (["dataset.name = 'auto'"], "(--input_dir), or a data set"),
        (
            ["TwoStageModel.embedding_model_class = 'codes'"],
            "@BaselineCNNEmbedder or @HubEmbedding",
        ),
        (["TwoStageModel.embedding_model_class = @HubEmbedding"], "HubEmbedding"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, bindings, told, capsys):
    assert _reason(tmp_path / "out", bindings=bindings) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_of_the_study_is_reached_by_its_number(tmp_path):
    study = "--study=abstract_reasoning_study_v1_stage2"
    numbered = [study, "--model_num=3613", f"--output_dir={tmp_path / 'out'}"]
    bindings = [*TINY[:-1], "OptimizedWildRelNet.graph_mlp = [8]", "dataset.name = 'sprites'"]
    assert main([*numbered, *(f"--gin_bindings={binding}" for binding in bindings)]) == 0
    used = (tmp_path / "out/results/gin/abstract_reasoning.gin").read_text()
    # Model 3613 is the fourth configuration of the true factors' values on the first data set.
    expected = configurations()[3]["OptimizedWildRelNet.dropout_in_last_graph_layer"]
    assert "TwoStageModel.embedding_model_class = 'values'" in used
    assert f"OptimizedWildRelNet.dropout_in_last_graph_layer = {expected}" in used
    assert Image.open(tmp_path / "out/matrices.png").height > 1000


def test_a_study_of_trainings_is_no_study_of_reasoning(tmp_path, capsys):
    assert main(["--study=small", f"--output_dir={tmp_path / 'out'}"]) == 2
    assert "is no study of abstract reasoning" in capsys.readouterr().err
