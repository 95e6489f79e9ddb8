import functools
import re
from pathlib import Path

import pytest
from fake_stages import make_study

from tfdis.cli import reproduce, sweep
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.study import supervisor
from tfdis.study.states import States


def test_only_print_names_the_bindings_and_runs_nothing(tmp_path, monkeypatch, capsys, dlib15_path):
    monkeypatch.chdir(tmp_path)
    arguments = ["--study=fairness_study_v1", "--model_num=12599", "--only_print"]
    assert reproduce.main([*arguments, "--gin_bindings=model.training_steps = 7"]) == 0
    out = capsys.readouterr().out
    study = disentanglement_lib(dlib15_path).module("config.fairness_study_v1.sweep")
    for binding in study.FairnessStudyV1().get_model_config(12599)[0]:
        assert f"  {binding}\n" in out
    assert "model.training_steps = 7" in out
    assert "metric_configs/fairness.gin" in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--study=no_such_study"], "small, traeuble_study_v1, unsupervised_study_v1"),
        (["--model_num=12600"], "0 to 12599"),
        (["--gin_bindings=no_such.name = 3"], "no_such"),
        (["--scores_list=mmd"], "not a score of unsupervised_study_v1, which has: beta_vae"),
        (["--num_eval=3"], "name some of beta_vae_sklearn"),
    ],
)
def test_reproduce_says_what_is_wrong(arguments, message, capsys):
    assert reproduce.main([*arguments, "--only_print"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_reproduce_replaces_nothing_unasked(tmp_path, capsys):
    done = tmp_path / "metrics" / "mean"
    done.mkdir(parents=True)
    assert reproduce.main([f"--output_directory={tmp_path}", "--study=small"]) == 2
    assert "metrics already exists" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["metrics"]


def test_status_lists_what_runs_and_what_failed(tmp_path, capsys):
    directory = tmp_path / "study"
    make_study(directory, [{"vae.beta": beta} for beta in (1.0, 2.0, 3.0, 4.0)])
    states = States(directory)
    states.claim_next([3]).done()
    for _ in range(2):
        states.claim_next([1]).failed("ValueError: bad.", "")
    running = states.claim_next([0])
    assert sweep.main(["status", str(directory)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fake: 1 of 4 done, 1 running, 1 failed, 1 queued, ")
    assert lines[1] == "  running #0 beta=1.0  training, step 0 of 6"
    assert lines[2] == "  failed  #1 beta=2.0  ValueError: bad."
    assert lines[3].strip() == f"see {directory / '1' / 'log.txt'}"
    running.release()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "nowhere"], "nowhere holds no study"),
        (["select", "nowhere"], "nowhere holds no study"),
        (["--gin_file=vae.gin"], "sweep.settings"),
        (["--gin_file=studies/small.gin", "--models=3-x"], "0-99,120"),
        (["--gin_file=studies/small.gin", "--models=24"], "0 to 23"),
        (["--gin_file=studies/small.gin", "--models=3-1"], "0-99,120"),
    ],
)
def test_sweep_says_what_is_wrong(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert sweep.main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "argument"),
    [
        (sweep, "--workers=0"),
        (sweep, "--workers=two"),
        (sweep, "--max_failures=0"),
        (sweep, "--gpus_per_model=-1"),
        (reproduce, "--num_eval=0"),
        (reproduce, "--model_num=-1"),
        (reproduce, "--evaluation_num_samples_train=1.5"),
    ],
)
def test_a_wrong_number_is_said_by_argparse(command, argument, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--gin_file=studies/small.gin"] * (command is sweep) + [argument])
    name, value = argument.split("=")
    error = capsys.readouterr().err
    assert re.search(rf"error: argument {name}: '{value}' is not a (whole )?number from", error)


def test_failed_models_make_the_command_fail_and_can_be_retried(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("f.gin").write_text(
        "sweep.settings = @grid()\ngrid.bindings = {'model.random_seed': [0]}\n"
    )
    fake = functools.partial(supervisor.WorkerOptions, stages="fake_stages:fake_stages")
    monkeypatch.setattr(supervisor, "WorkerOptions", fake)
    arguments = ["--gin_file=f.gin", "--output_dir=out", "--workers=1", "--max_failures=1"]
    # The study's own file has no model.model, but the fake stages do not mind.
    Path("out/states").mkdir(parents=True)
    Path("out/states/000000.0.failed").write_text('{"error": "ValueError: once."}')
    assert sweep.main(arguments) == 2
    captured = capsys.readouterr()
    assert "1 of 1 models failed: see tfdis-sweep status out" in captured.err
    assert "failed: #0  ValueError: once." in captured.err
    assert sweep.main([*arguments, "--retry_failed"]) == 0
    assert "1 of 1 done" in capsys.readouterr().out
    assert (Path("out/0/metrics").exists(), Path("out/0/model").exists()) == (False, True)
