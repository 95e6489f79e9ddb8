"""What a stopped run leaves, and that it goes on as if it had never stopped."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tfdis import onednn
from tfdis.errors import UserError
from tfdis.models.trained import load
from tfdis.progress import ProgressBar
from tfdis.training.checkpoint import latest
from tfdis.training.log import Log
from tfdis.training.train import train_with_gin
from tfdis.visualize.visualize import visualize_with_gin

# Enough epochs for the plateau's counters and for half an interval of sums to matter.
_STATEFUL = (
    "model.plateau = @reduce_on_plateau()",
    "model.steps_per_epoch = 7",
    "reduce_on_plateau.factor = 0.7",
    "reduce_on_plateau.patience = 1",
    "reduce_on_plateau.threshold = 0.2",
)


def weights(model_dir):
    return [variable.numpy() for variable in load(model_dir).model.trainable_variables]


def assert_same_run(a, b):
    for one, other in zip(weights(a), weights(b), strict=True):
        np.testing.assert_array_equal(one, other)
    lines = [(path / "progress.jsonl").read_text() for path in (a, b)]
    assert lines[0] == lines[1]


def command(model_dir, bindings, *arguments):
    each = [f"--gin_bindings={binding}" for binding in bindings]
    run = [sys.executable, "-m", "tfdis.cli.train", f"--model_dir={model_dir}"]
    return [*run, *each, *arguments]


def newest(model_dir):
    path = latest(model_dir / "checkpoints")
    return int(path.name) if path else 0


def wait_for(condition, seconds=900):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.fixture
def slow_run(tiny):
    """Bindings of a run that checkpoints after every call and does not end by itself."""
    return tiny("model.training_steps = 100000", "model.checkpoint_seconds = 0.0", *_STATEFUL)


def test_a_resumed_run_ends_bit_equal(tmp_path, tiny):
    bindings = tiny("model.training_steps = 50", *_STATEFUL)
    train_with_gin(tmp_path / "whole", gin_bindings=bindings)
    for steps in (18, 31):
        stopped = tiny(f"model.training_steps = {steps}", *_STATEFUL)
        train_with_gin(tmp_path / "parts", resume=True, gin_bindings=stopped)
        shutil.rmtree(tmp_path / "parts" / "results")
    train_with_gin(tmp_path / "parts", resume=True, gin_bindings=bindings)
    assert_same_run(tmp_path / "whole", tmp_path / "parts")


@pytest.fixture(scope="module")
def complete(tmp_path_factory, tiny):
    path = tmp_path_factory.mktemp("complete") / "model"
    train_with_gin(path, gin_bindings=tiny())
    return path


@pytest.fixture
def copied(complete, tmp_path):
    return shutil.copytree(complete, tmp_path / "model")


@pytest.mark.usefixtures("copied")
def test_resuming_a_complete_run_changes_nothing(tmp_path, tiny, capsys):
    before = (tmp_path / "model/results/json/train_results.json").read_text()
    train_with_gin(tmp_path / "model", resume=True, gin_bindings=tiny())
    assert (tmp_path / "model/results/json/train_results.json").read_text() == before
    assert "nothing to resume" in capsys.readouterr().out


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing(tmp_path, slow_run, tiny):
    """Killed three times while checkpoints are written without pause, then resumed to the end."""
    killed = tmp_path / "killed"
    # The same kernels as in this process, where something may have imported TensorFlow first.
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": str(int(onednn.is_on()))}
    step = 0
    for moment in range(3):
        process = subprocess.Popen(
            command(killed, slow_run, "--resume"), stdout=subprocess.PIPE, env=environment
        )
        wait_for(lambda: newest(killed) > step + 5)  # noqa: B023
        time.sleep(0.13 * moment)
        process.kill()
        process.wait()
        step = newest(killed)
    steps = step + 20
    bindings = tiny(f"model.training_steps = {steps}", *_STATEFUL)
    train_with_gin(killed, resume=True, gin_bindings=bindings)
    train_with_gin(tmp_path / "whole", gin_bindings=bindings)
    assert_same_run(tmp_path / "whole", killed)
    assert not list((killed / "checkpoints").glob(".*"))


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGINT]
)
def test_a_signal_saves_and_says_how_to_go_on(tmp_path, slow_run, number):
    model_dir = tmp_path / "model"
    bindings = [*slow_run, "model.checkpoint_seconds = 1000.0"]
    process = subprocess.Popen(
        command(model_dir, bindings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: (model_dir / "progress.jsonl").exists())
    process.send_signal(number)
    _, errors = process.communicate(timeout=900)
    assert process.returncode == 128 + number
    match = re.search(r"SIG\w+: stopped at step (\d+) of 100000 and saved (\S+);", errors)
    assert match
    assert Path(match[2]).is_dir()
    assert int(latest(model_dir / "checkpoints").name) == int(match[1]) > 0
    assert "Traceback" not in errors
    assert "In call to configurable" not in errors
    kl = ["draw_all.kinds = ['kl']"]
    assert len(visualize_with_gin(model_dir, tmp_path / "pictures", gin_bindings=kl).paths) == 1


def test_a_loss_that_is_not_finite_names_the_term_and_the_step(tmp_path, tiny):
    """The weight becomes infinite for the 13th update."""
    bindings = tiny(
        "mmd.weight = @mmd/MultiStep()",
        "mmd/MultiStep.initial = 1.0",
        "mmd/MultiStep.factor = 1e39",
        "mmd/MultiStep.steps = [12]",
        "model.checkpoint_seconds = 0.0",
        "model.log_every = 4",
    )
    with pytest.raises(UserError, match=r"^loss is inf at step 13: .*last checkpoint") as caught:
        train_with_gin(tmp_path / "model", gin_bindings=bindings)
    assert "\n" not in str(caught.value)
    assert int(latest(tmp_path / "model/checkpoints").name) == 12
    assert not (tmp_path / "model/model.keras").exists()


def test_a_term_that_is_not_finite_is_named_before_the_loss(tmp_path, tiny):
    bindings = tiny("AdamOptimizer.learning_rate = 1e30")
    with pytest.raises(UserError, match=r"^(reconstruction_loss|kl_loss|mmd) is \S+ at step \d+"):
        train_with_gin(tmp_path / "model", gin_bindings=bindings)


@pytest.mark.usefixtures("copied")
def test_a_damaged_checkpoint_is_named(tmp_path, tiny):
    (tmp_path / "model/results").rename(tmp_path / "results")
    data = next(latest(tmp_path / "model/checkpoints").glob("state.data*"))
    data.write_bytes(data.read_bytes()[:1000])
    with pytest.raises(UserError, match=rf"{data.parent} does not fit .* or is damaged"):
        train_with_gin(
            tmp_path / "model", resume=True, gin_bindings=tiny("model.training_steps = 30")
        )


@pytest.mark.usefixtures("copied")
def test_a_checkpoint_of_another_network_is_refused(tmp_path, tiny):
    bindings = tiny("model.training_steps = 30", "encoder.num_latent = 4")
    with pytest.raises(UserError, match="does not fit the model"):
        train_with_gin(tmp_path / "model", resume=True, gin_bindings=bindings)


def test_a_full_disk_is_said_in_a_sentence(tmp_path, tiny, full_disk):
    with (
        pytest.raises(
            UserError, match=r"^\S+/checkpoints/\d+ could not be written: File too large\.$"
        ),
        full_disk(),
    ):
        train_with_gin(tmp_path / "model", gin_bindings=tiny())
    assert not list((tmp_path / "model/checkpoints").iterdir())
    assert not (tmp_path / "model/model.keras").exists()


@pytest.mark.skipif(not os.access("/dev/full", os.W_OK), reason="needs Linux' /dev/full")
def test_a_full_disk_under_the_progress_file_is_said_in_a_sentence():
    log = Log("/dev/full", ProgressBar(10), [], every=1)
    with pytest.raises(
        UserError, match=r"^/dev/full could not be written: No space left on device"
    ):
        log.write(1, {"loss": 1.0})
