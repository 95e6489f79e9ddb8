"""What a training may replace, who may write its directory, and when it is complete."""

import json
import shutil
import subprocess
import sys
import time

import pytest

from tfdis import manifest
from tfdis.errors import UserError
from tfdis.evaluation.callback import EvaluationCallback
from tfdis.locks import locked
from tfdis.results import read_json
from tfdis.training import run
from tfdis.training.train import train_with_gin
from tfdis.visualize.callback import Visualization


@pytest.fixture(scope="module")
def small():
    """Bindings of a run that is over at once."""
    return [
        'dataset.name = "dummy_data"',
        "model.training_steps = 4",
        "model.random_seed = 0",
        "model.batch_size = 4",
        "model.eval_steps = 1",
        "model.log_every = 2",
        "encoder.num_latent = 2",
        "encoder.encoder_fn = @test_encoder",
        "decoder.decoder_fn = @test_decoder",
        "reconstruction_loss.loss_fn = @bernoulli_loss",
        "vae_optimizer.optimizer_fn = @AdamOptimizer",
        "AdamOptimizer.learning_rate = 0.001",
        "model.model = @vae()",
        "vae.beta = 1.0",
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small):
    path = tmp_path_factory.mktemp("trained") / "model"
    train_with_gin(path, gin_bindings=small)
    return path


@pytest.fixture
def model_dir(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "model")
    return tmp_path / "model"


def run_id(model_dir):
    return read_json(model_dir / "results/json/train_results.json")["uuid"]


def files(directory):
    return {path.as_posix() for path in manifest.files_in(directory)} - {manifest.NAME}


def test_a_run_names_all_that_it_left(trained):
    named = manifest.read(trained)
    assert named.complete
    assert not [path for path in manifest.files_in(trained) if not named.owns(path)]
    assert {"model.keras", "progress.jsonl", "results/gin/train.gin"} <= named.paths
    assert not (trained / manifest.LOCK).exists()


def test_the_earlier_model_stays_until_the_new_one_is_complete(model_dir, small, monkeypatch):
    (model_dir / "mine.txt").write_text("mine")
    before, named = files(model_dir), run_id(model_dir)
    with monkeypatch.context() as patch:
        patch.setattr(run.Run, "finish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train_with_gin(model_dir, overwrite=True, gin_bindings=small)
    assert files(model_dir) == before
    assert run_id(model_dir) == named
    assert (model_dir.parent / ".model.training/checkpoints/00000004").is_dir()
    train_with_gin(model_dir, resume=True, gin_bindings=small)
    assert run_id(model_dir) != named
    assert files(model_dir) == before
    assert [path.name for path in model_dir.parent.iterdir()] == ["model"]


def test_overwriting_ends_with_the_new_model_and_the_users_files(model_dir, small):
    named = run_id(model_dir)
    (model_dir / "checkpoints").rename(model_dir.parent / "old")
    (model_dir / "results/mine.txt").write_text("mine")
    train_with_gin(model_dir, overwrite=True, gin_bindings=small)
    assert run_id(model_dir) != named
    assert (model_dir / "results/mine.txt").read_text() == "mine"
    assert (model_dir / "checkpoints").is_dir()
    assert sorted(path.name for path in model_dir.parent.iterdir()) == ["model", "old"]


def test_a_killed_exchange_is_ended_by_the_next_start(model_dir, small, trained):
    """The new model has its place, and the process died before the old one was gone."""
    old = model_dir.parent / ".model.training"
    shutil.copytree(model_dir, old)
    (old / "mine.txt").write_text("mine")
    new = manifest.read(model_dir)
    new.replaces, new.id = manifest.read(old).id, "new"
    new.write(model_dir)
    train_with_gin(model_dir, resume=True, gin_bindings=small)
    assert manifest.read(model_dir).id == "new"
    assert not old.exists()
    assert (model_dir / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("name", ["photo.jpg", "results/gin/train.gin", "model.keras"])
def test_a_folder_that_holds_no_model_of_ours_is_not_emptied(tmp_path, small, name, resume):
    path = tmp_path / "folder" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    arguments = {"resume": True} if resume else {"overwrite": True}
    if resume and name != "model.keras":
        train_with_gin(tmp_path / "folder", gin_bindings=small, **arguments)
    else:
        with pytest.raises(UserError, match=r"did not write|tfdis 0\.1|not of tfdis"):
            train_with_gin(tmp_path / "folder", gin_bindings=small, **arguments)
    assert path.exists()
    assert name == "results/gin/train.gin" or path.read_text() == "mine"


@pytest.mark.parametrize("arguments", [{"resume": True}, {"overwrite": True}])
def test_a_directory_that_is_being_written_is_refused(model_dir, small, arguments):
    before = files(model_dir)
    with locked(model_dir), pytest.raises(UserError, match="Another process is writing"):
        train_with_gin(model_dir, gin_bindings=small, **arguments)
    assert files(model_dir) == before


@pytest.mark.slow
def test_of_two_that_resume_one_is_refused(tmp_path, small):
    steps = ["model.training_steps = 100000", "model.checkpoint_seconds = 0.5"]
    bindings = [f"--gin_bindings={binding}" for binding in (*small, *steps)]
    command = [sys.executable, "-m", "tfdis.cli.train", "--resume", f"--model_dir={tmp_path}/m"]
    first = subprocess.Popen([*command, *bindings], stdout=subprocess.DEVNULL)
    try:
        while not list((tmp_path / "m" / "checkpoints").glob("0*")):
            assert first.poll() is None
            time.sleep(0.1)
        second = subprocess.run([*command, *bindings], capture_output=True, text=True)
    finally:
        first.kill()
        first.wait()
    assert second.returncode == 2
    assert "tfdis-train: Another process is writing" in second.stderr.splitlines()[-1]
    assert "Traceback" not in second.stderr
    train_with_gin(tmp_path / "m", overwrite=True, gin_bindings=small)
    lines = (tmp_path / "m" / "progress.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 4]


_DRAWN = ("model.callbacks = [@scores(), @visualization()]", "scores.metrics = ['mig']",
          "scores.settings = ['mig.num_train = 20']", "draw_all.kinds = ['kl', 'reconstructions']",
          "draw_all.num_images = 20")  # fmt: skip


@pytest.mark.parametrize("stopped_in", ["scores", "pictures"])
def test_a_run_stopped_while_it_scores_or_draws_goes_on(tmp_path, small, stopped_in, monkeypatch):
    place = {
        "scores": (EvaluationCallback, "on_train_end"),
        "pictures": (Visualization, "_draw"),
    }[stopped_in]

    def stop(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*place, stop)
        with pytest.raises(KeyboardInterrupt):
            train_with_gin(tmp_path / "model", gin_bindings=[*small, *_DRAWN])
    assert (tmp_path / "model/results/json/train_results.json").is_file()
    assert not manifest.is_complete(tmp_path / "model", "train")
    train_with_gin(tmp_path / "model", resume=True, gin_bindings=[*small, *_DRAWN])
    assert (tmp_path / "model/results/json/scores_results.json").is_file()
    assert (tmp_path / "model/visualizations/kl.png").is_file()
    assert manifest.is_complete(tmp_path / "model", "train")
    lines = (tmp_path / "model/progress.jsonl").read_text().splitlines()
    steps = [(json.loads(line)["step"], "loss" in json.loads(line)) for line in lines]
    assert steps == [(2, True), (4, True), (4, False)]


def test_what_a_killed_process_was_writing_is_cleared(model_dir, small):
    for name in (".model.keras.partial-1", "results/json/.train.json.partial-12"):
        (model_dir / name).write_text("half")
    (model_dir / ".tfhub.partial-1").mkdir()
    (model_dir / "checkpoints/.00000009.partial-1").mkdir()
    bindings = [*small, "model.training_steps = 6"]
    train_with_gin(model_dir, resume=True, gin_bindings=bindings)
    assert not list(model_dir.rglob(".*.partial-*"))


def test_a_line_cut_short_is_dropped_without_writing_in_place(model_dir, small):
    path = model_dir / "progress.jsonl"
    whole = path.read_text()
    with path.open("a") as file:
        file.write('{"step": 4, "lo')
    inode = path.stat().st_ino
    train_with_gin(model_dir, resume=True, gin_bindings=[*small, "model.training_steps = 6"])
    assert path.read_text().startswith(whole)
    assert path.stat().st_ino != inode
    steps = [json.loads(line)["step"] for line in path.read_text().splitlines()]
    assert steps == [2, 4, 6]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("{}", r"run\.json is damaged"),
        ("[]", r"run\.json holds no dictionary"),
        ("{", r"run\.json could not be read as JSON"),
        ('{"step": "x", "elapsed_time": 0, "names": [], "callbacks": []}', r"run\.json is damaged"),
        ('{"step": 4, "elapsed_time": 0, "callbacks": []}', "an earlier version of tfdis"),
        (
            '{"step": 4, "elapsed_time": 0, "names": ["Log"], "callbacks": [{}]}',
            "a run with Log, and",
        ),
        (
            '{"step": 4, "elapsed_time": 0, "names": ["Trainer", "Log"], "callbacks": [{}]}',
            r"run\.json is damaged",
        ),
    ],
)
def test_a_damaged_state_is_said_in_a_sentence(model_dir, small, damage, sentence):
    (model_dir / "checkpoints/00000004/run.json").write_text(damage)
    with pytest.raises(UserError, match=sentence):
        train_with_gin(model_dir, resume=True, gin_bindings=[*small, "model.training_steps = 6"])


def test_other_callbacks_than_the_run_began_with_are_refused(model_dir, small):
    bindings = [*small, *_DRAWN, "model.training_steps = 6"]
    with pytest.raises(
        UserError, match=r"a run with Trainer, Log, and this one has Trainer, Log, Evaluation"
    ):
        train_with_gin(model_dir, resume=True, gin_bindings=bindings)


@pytest.mark.parametrize("text", ["{", "[]", '{"loss": 1}', '{"global_step": "x"}'])
def test_damaged_results_are_said_in_a_sentence(model_dir, small, text):
    (model_dir / "results/json/train_results.json").write_text(text)
    with pytest.raises(UserError, match=r"train_results\.json"):
        train_with_gin(model_dir, resume=True, gin_bindings=small)


@pytest.mark.parametrize(
    ("binding", "sentence"),
    [
        ("model.eval_steps = 0", r"eval_steps.*0"),
        ("draw_all.kinds = ['traversal']", "draw_all.kinds names 'traversal'"),
    ],
)
def test_what_would_fail_at_the_end_is_said_at_the_beginning(tmp_path, small, binding, sentence):
    with pytest.raises(UserError, match=sentence):
        train_with_gin(tmp_path / "model", gin_bindings=[*small, *_DRAWN, binding])
    assert not (tmp_path / "model").exists()
