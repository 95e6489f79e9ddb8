"""A real study with tiny networks: killed, gone on with, ranked, its scores in W&B's files."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tfdis.cli import sweep
from tfdis.study.states import States

STUDY = """
include "embedded.gin"
sweep.settings = @grid()
sweep.postprocess_configs = ["studies/small/postprocess_configs"]
sweep.metric_configs = ["mig.gin", "sap_score.gin"]
grid.bindings = {
    "model.name": "vae",
    "model.model": "@vae()",
    "vae.beta": 2.0,
    "model.random_seed": [0, 1],
}
dataset.name = "dummy_data"
model.training_steps = 300
model.batch_size = 8
model.eval_steps = 2
model.log_every = 10
model.checkpoint_seconds = 0.1
model.callbacks = []
model.loggers = [@wandb_logger]
wandb_logger.mode = "offline"
encoder.num_latent = 4
conv_encoder.width = 0.125
deconv_decoder.width = 0.125
"""
MIG = """
dataset.name = "auto"
evaluation.evaluation_fn = @mig
mig.num_train = 100
discretizer.discretizer_fn = @histogram_discretizer
discretizer.num_bins = 10
"""
SAP = """
dataset.name = "auto"
evaluation.evaluation_fn = @sap_score
sap_score.num_train = 100
sap_score.num_test = 50
sap_score.continuous_factors = False
"""


def launch(folder):
    command = [sys.executable, "-m", "tfdis.cli.sweep", "--gin_file=tiny.gin", "--output_dir=out"]
    return subprocess.Popen(
        [*command, "--workers=1"], cwd=folder, stderr=subprocess.PIPE, text=True
    )


def steps_shown(log: Path, offset: int = 0) -> list[int]:
    return [int(step) for step in re.findall(r"(\d+)/300", log.read_text()[offset:])]


@pytest.mark.slow
def test_a_killed_study_goes_on_to_its_scores(tmp_path, capsys, monkeypatch):
    for name, text in (("tiny", STUDY), ("mig", MIG), ("sap_score", SAP)):
        (tmp_path / f"{name}.gin").write_text(text)
    out = tmp_path / "out"
    log, checkpoints = out / "0" / "log.txt", out / "0" / "model" / "checkpoints"

    process = launch(tmp_path)
    deadline = time.monotonic() + 300
    while not (checkpoints.is_dir() and any(p.name > "00000010" for p in checkpoints.iterdir())):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while "queued" not in {States(out).status(tried) for tried in States(out).attempts().values()}:
        time.sleep(0.1)  # the worker notices within a moment
    trained = max(path.name for path in checkpoints.iterdir() if not path.name.startswith("."))
    assert not (out / "0" / "model" / "results" / "aggregate" / "train.json").exists()
    offset = len(log.read_text())

    process = launch(tmp_path)
    assert process.wait(500) == 0, process.stderr.read()
    attempts = States(out).attempts()
    assert [attempt.status for attempt in attempts[0]] == ["lost", "done"]
    assert [attempt.status for attempt in attempts[1]] == ["done"]
    assert steps_shown(log, offset)[0] > int(trained)
    steps = [json.loads(line)["step"] for line in (out / "0/model/progress.jsonl").open()]
    assert steps == list(range(10, 301, 10))

    for num in (0, 1):
        for name in ("mig", "sap_score"):
            results = out / str(num) / "metrics" / "mean" / name / "results"
            assert (results / "aggregate" / "evaluation.json").is_file()
        assert (out / str(num) / "visualizations" / "results").is_dir()
        written = b"".join(path.read_bytes() for path in out.glob(f"{num}/model/wandb/**/*.wandb"))
        assert b"mean/mig/discrete_mig" in written
        assert f"tiny/{num}".encode() in written

    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert sweep.main(["status", "out"]) == 0
    assert capsys.readouterr().out == "tiny: 2 of 2 done, 0 running, 0 failed, 0 queued\n"
    assert sweep.main(["select", "out"]) == 0
    ranked = json.loads((out / "udr.json").read_text())
    assert sorted(each["model_num"] for each in ranked) == [0, 1]
    assert ranked[0]["udr"] >= ranked[1]["udr"]
    assert capsys.readouterr().out.startswith(f"{ranked[0]['udr']:.4f}  #{ranked[0]['model_num']}")
