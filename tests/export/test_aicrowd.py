import json
import os
import signal
import subprocess
import sys
import time
import types

import numpy as np
import pytest
from narrow_networks import make_conditional_model

from tfdis import config
from tfdis.cli import aicrowd as command
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.evaluation.metric import metric_named
from tfdis.export import aicrowd
from tfdis.export.aicrowd import Submission, export_aicrowd
from tfdis.export.grader import Grader, GraderProgress
from tfdis.export.local_evaluation import METRICS, evaluate_locally, table
from tfdis.models.trained import load
from tfdis.results import read_json
from tfdis.signals import Interrupted
from tfdis.training.train import train_with_gin

GRADING = {
    "AICROWD_IS_GRADING": "1",
    "AICROWD_OUTPUT_PATH": "/shared",
    "AICROWD_EVALUATION_NAME": "run",
    "AICROWD_DATASET_NAME": "mpi3d_real",
    "DISENTANGLEMENT_LIB_DATA": "/data",
}


def test_environment_of_the_grader():
    submission = Submission.of_environment(GRADING)
    assert submission.is_grading
    assert submission.dataset_name == "mpi3d_real"
    assert str(submission.representation_dir) == "/shared/run/representation"
    for name in set(GRADING) - {"AICROWD_IS_GRADING"}:
        broken = {key: value for key, value in GRADING.items() if key != name}
        with pytest.raises(UserError, match=name):
            Submission.of_environment(broken)


def test_environment_at_home_is_the_starter_kits():
    submission = Submission.of_environment({"AICROWD_DATASET_NAME": "sprites"})
    assert not submission.is_grading
    assert submission.dataset_name == "sprites"
    assert str(submission.experiment_dir) == "scratch/shared/experiment_name"


@pytest.fixture
def client(monkeypatch):
    """A stand-in for the grader's client, as the starter kit uses it."""
    events = []

    class CrowdAIEvents:
        CROWDAI_EVENT_INFO = "info"
        CROWDAI_EVENT_SUCCESS = "success"
        CROWDAI_EVENT_ERROR = "error"

        def register_event(self, event_type, message, payload, blocking=False):
            events.append((event_type, message, payload, blocking))

    package = types.ModuleType("crowdai_api")
    package.events = types.SimpleNamespace(CrowdAIEvents=CrowdAIEvents)
    package.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "crowdai_api", package)
    return events


def test_the_grader_is_told(client):
    grader = Grader()
    grader.start()
    grader.progress(0.5)
    grader.error("why")
    grader.submit()
    prefix = "disentanglement_challenge:"
    assert client == [
        ("info", "execution_started", {"event_type": f"{prefix}execution_started"}, False),
        (
            "info",
            "register_progress",
            {"event_type": f"{prefix}register_progress", "training_progress": 0.5},
            False,
        ),
        (
            "error",
            "execution_error",
            {"event_type": f"{prefix}execution_error", "error": "why"},
            True,
        ),
        ("success", "submit", {"event_type": f"{prefix}submit"}, True),
    ]


def test_training_progress_is_by_steps_or_by_time(client):
    callback = GraderProgress(training_steps=1000, hours=1.0, every=100)
    run = types.SimpleNamespace(checkpoints=types.SimpleNamespace(elapsed_time=360.0))
    callback.set_params({"run": run})
    callback.set_model(types.SimpleNamespace(steps=0))
    callback.on_train_begin()
    for step in (100, 150, 200):
        callback.model.steps = step
        callback.on_train_batch_end(step - 1)
    run.checkpoints.elapsed_time = 1800.0
    callback.model.steps = 300
    callback.on_train_batch_end(299)
    assert [event[2]["training_progress"] for event in client] == [0.09, 0.18, 0.45]


def test_without_the_client_it_prints(capsys):
    Grader().progress(0.25)
    assert capsys.readouterr().out == "aicrowd: register_progress training_progress=0.25\n"


def test_files_of_a_submission(tmp_path, capsys):
    arguments = ["files", "--author=one", "--author=two", f"--folder={tmp_path}"]
    assert command.main(arguments) == 0
    about = json.loads((tmp_path / "aicrowd.json").read_text())
    assert about["challenge_id"] == "aicrowd-neurips-2019-disentanglement-challenge"
    assert about["grader_id"] == about["challenge_id"]
    assert about["authors"] == ["one", "two"]
    assert about["gpu"] is True
    assert os.access(tmp_path / "run.sh", os.X_OK)
    subprocess.run(["bash", "-n", tmp_path / "run.sh"], check=True)
    capsys.readouterr()
    assert command.main(arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert command.main(["files", f"--folder={tmp_path}"]) == 2
    assert "author" in capsys.readouterr().err


def _executable(path, says):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "{says} $*"\n')
    path.chmod(0o755)


def test_run_sh_runs_in_a_clone_and_outside_of_one(tmp_path, capsys):
    root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
    root.mkdir()
    assert command.main(["files", "--author=me", f"--folder={root}"]) == 0
    assert "There is no bin/tfdis-aicrowd beside run.sh" in capsys.readouterr().out
    _executable(elsewhere / "tfdis-aicrowd", "installed")

    def started(*folders):
        path = ":".join(["/usr/bin", "/bin", *map(str, folders)])
        return subprocess.run(
            [root / "run.sh"], env={"PATH": path}, cwd=tmp_path, capture_output=True, text=True
        )

    assert started(elsewhere).stdout == "installed train\n"
    nowhere = started()
    assert (nowhere.returncode, nowhere.stdout) == (2, "")
    assert "install tfdis" in nowhere.stderr
    _executable(root / "bin" / "tfdis-aicrowd", "clone")
    assert started(elsewhere).stdout == "clone train\n"
    assert command.main(["files", "--author=me", f"--folder={root}", "--overwrite"]) == 0
    assert "There is no" not in capsys.readouterr().out


@pytest.mark.parametrize("hours", ["0", "-1", "nan", "inf"])
def test_hours_that_are_no_positive_number_are_refused(hours, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path / "shared"))
    with pytest.raises(SystemExit, match="2"):
        command.main(["train", f"--hours={hours}"])
    assert f"--hours: '{hours}' is not a number above 0" in capsys.readouterr().err
    assert not (tmp_path / "shared").exists()


def test_hours_that_leave_nothing_are_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path / "shared"))
    assert command.main(["train", "--hours=0.03"]) == 2
    assert "--hours=0.03 leaves no time to train" in capsys.readouterr().err
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize(("hours", "kept"), [(8.0, 0.4 * 3600), (0.1, 120.0)])
def test_what_follows_the_training_lies_within_the_hours(hours, kept, monkeypatch, tmp_path):
    given = {}

    def train(model_dir, overwrite, gin_files, gin_bindings):
        given.update(line.split(" = ") for line in gin_bindings)
        raise UserError("enough")

    monkeypatch.setattr("tfdis.training.train.train_with_gin", train)
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    monkeypatch.setenv("AICROWD_DATASET_NAME", "dummy_data")
    begin = time.monotonic()
    assert command.main(["train", f"--hours={hours}"]) == 2
    taken = time.monotonic() - begin
    assert 0 <= 3600 * (hours - float(given["HOURS"])) - kept <= taken
    assert int(given["model.eval_steps"]) == 20


def test_a_submission_that_is_stopped_says_so(client, monkeypatch, tmp_path, capsys):
    def train(*_):
        raise Interrupted("SIGTERM: stopped at step 3; continue with --resume.", signal.SIGTERM)

    monkeypatch.setattr("tfdis.training.train.train_with_gin", train)
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    monkeypatch.setenv("AICROWD_DATASET_NAME", "dummy_data")
    assert command.main(["train"]) == 143
    assert "stopped by SIGTERM; nothing is submitted" in capsys.readouterr().err
    assert client[-1][1] == "execution_error"
    assert "resume" not in client[-1][2]["error"]


@pytest.fixture(scope="module")
def submission(tmp_path_factory):
    return Submission(tmp_path_factory.mktemp("shared"), "run", "sprites", False)


@pytest.fixture(scope="module")
def exported(submission, tmp_path_factory):
    """What the grader reads, from a model of the embedded sprites."""
    model_dir = tmp_path_factory.mktemp("model") / "model"
    train_with_gin(model_dir, gin_bindings=NARROW)
    return model_dir, *export_aicrowd(model_dir, submission)


@pytest.mark.slow
def test_the_starter_kits_reader_takes_it(exported, submission, tmp_path):
    """The steps of its utils_pytorch.make_representor, in a process with torch alone."""
    _, path, difference = exported
    assert path == submission.output_path / "run" / "representation" / "pytorch_model.pt"
    assert difference < 1e-5
    results = submission.representation_dir / "results"
    assert read_json(results / "json" / "train_results.json")["global_step"] == 2
    images = np.random.default_rng(0).random((3, 64, 64, 1))
    np.save(tmp_path / "images.npy", images)
    code = f"""
import numpy, torch
model = torch.jit.load({str(path)!r}).cpu()
x = numpy.moveaxis(numpy.load("images.npy"), 3, 1)
with torch.no_grad():
    y = model(torch.from_numpy(x).float().to("cpu")).cpu().numpy()
assert y.ndim == 2
numpy.save("codes.npy", y)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    mean, _ = load(exported[0]).encode(images)
    np.testing.assert_allclose(np.load(tmp_path / "codes.npy"), mean, atol=1e-5)


def test_local_evaluation_scores_the_exported_file(exported, submission):
    trained = load(exported[0])
    few = ["mig.num_train = 300", "sap_score.num_train = 300", "sap_score.num_test = 300"]
    scores = evaluate_locally(submission, ["mig", "sap_score"], few)
    with config.parsed(METRICS["mig"][2], few[:1]):
        expected = metric_named("mig")(
            get_named_ground_truth_data("sprites"),
            lambda images: trained.encode(images)[0],
            np.random.RandomState(0),
        )
    assert scores["mig"] == pytest.approx(expected["discrete_mig"], abs=1e-6)
    path = submission.experiment_dir / "metrics/mig/results/aggregate/evaluation.json"
    assert read_json(path)["evaluation_results.discrete_mig"] == scores["mig"]
    assert table(scores).splitlines()[-1].split() == ["sum", f"{sum(scores.values()):.4f}"]


NARROW = [
    'include "embedded.gin"',
    "model.model = @vae()",
    "vae.beta = 1.0",
    "model.training_steps = 2",
    "model.batch_size = 4",
    "model.eval_steps = 1",
    "model.callbacks = []",
    "conv_encoder.width = 0.1",
    "deconv_decoder.width = 0.1",
]


def test_a_failed_submission_tells_the_grader(client, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    monkeypatch.setenv("AICROWD_DATASET_NAME", "no_such_data")
    assert command.main(["train"]) == 2
    assert "no_such_data" in capsys.readouterr().err
    assert client[-1][1] == "execution_error"
    assert "no_such_data" in client[-1][2]["error"]


def test_every_metric_of_the_grader_is_known():
    assert set(METRICS) == {"factor_vae_metric", "dci", "mig", "sap_score", "irs"}
    for function_name, *_ in METRICS.values():
        assert callable(metric_named(function_name))


def test_nothing_to_evaluate(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    assert command.main(["evaluate"]) == 2
    assert "pytorch_model.pt" in capsys.readouterr().err
    assert command.main(["evaluate", "--metric=migg"]) == 2
    assert "no metric 'migg'" in capsys.readouterr().err


def test_the_grader_has_no_labels(tmp_path, monkeypatch):
    conditional = types.SimpleNamespace(model=make_conditional_model())
    monkeypatch.setattr(aicrowd, "load", lambda model_dir: conditional)
    with pytest.raises(UserError, match="submit a model without a tiler"):
        export_aicrowd("model", Submission(tmp_path, "run", "sprites", False))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_train_export_submit_and_evaluate(client, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("AICROWD_OUTPUT_PATH", str(tmp_path))
    monkeypatch.setenv("AICROWD_EVALUATION_NAME", "whole")
    monkeypatch.setenv("AICROWD_DATASET_NAME", "sprites")
    bindings = [f"--gin_bindings={binding}" for binding in SUBMISSION]
    assert command.main(["train", "--hours=0.5", *bindings]) == 0
    assert client[0][1] == "execution_started"
    assert client[-1][1] == "submit"
    assert command.main(["evaluate", "--metric=mig", "--gin_bindings=mig.num_train = 200"]) == 0
    printed = capsys.readouterr().out
    assert "mig" in printed
    assert (tmp_path / "whole" / "representation" / "pytorch_model.pt").is_file()


SUBMISSION = [
    "TRAINING_STEPS = 4",
    "aicrowd_progress.every = 2",
    "model.batch_size = 4",
    "model.eval_steps = 1",
    "padless_conv_encoder.width = 0.1",
    "padless_deconv_decoder.width = 0.1",
]
