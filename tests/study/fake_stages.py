"""Stages that take no time, and misbehave as a model's setting asks; for worker processes.

`python fake_stages.py DIRECTORY WORKERS` launches the study in the directory with them.
"""

import errno
import json
import os
import signal
import sys
import time
from pathlib import Path

from tfdis.errors import UserError
from tfdis.results import gin_dict, staged_directory, write_json
from tfdis.study.launch import launch_local
from tfdis.study.stages import Stages
from tfdis.study.study import Study, load_study, save_study
from tfdis.study.supervisor import WorkerOptions


def make_study(directory: Path, settings: list[dict]) -> Study:
    """A study of these settings, each with `fake.*` names, saved in `directory`."""
    files = {}
    for name in ("shared", "mean", "sampled", "mig", "dci"):
        files[name] = directory.parent / f"{name}.gin"
        files[name].write_text("model.training_steps = 6\n")
    study = Study(
        "fake",
        settings,
        model_configs=(files["shared"],),
        postprocess_configs=(files["mean"], files["sampled"]),
        metric_configs=(files["dci"], files["mig"]),
    )
    return save_study(study, directory)


def options(**kwargs) -> WorkerOptions:
    return WorkerOptions(
        stages="fake_stages:fake_stages", poll_seconds=0.1, pause_seconds=0.3, **kwargs
    )


def steps_made(directory: Path, model_num: int) -> list[int]:
    """The training steps of a model, in the order in which they were made, over all attempts."""
    lines = (directory / str(model_num) / "steps.txt").read_text().splitlines()
    return [int(line.split()[0]) for line in lines]


def pids(directory: Path, model_num: int) -> set[int]:
    lines = (directory / str(model_num) / "steps.txt").read_text().splitlines()
    return {int(line.split()[1]) for line in lines}


def fake_stages() -> Stages:
    return Stages(_train, _stage, _stage, _stage)


def _train(model_dir, overwrite, gin_config_files, gin_bindings, resume=False):
    fake = gin_dict("\n".join(gin_bindings))
    model_dir = Path(model_dir)
    model_dir.mkdir(parents=True, exist_ok=True)
    _misbehave(fake.get("fake.kind", "").strip("'"), model_dir.parent)
    # A line per step stands for a checkpoint at every step.
    with (model_dir.parent / "steps.txt").open("a+") as steps:
        steps.seek(0)
        first = len(steps.readlines())
        for step in range(first, int(fake.get("fake.steps", 1))):
            steps.write(f"{step} {os.getpid()}\n")
            steps.flush()
            (model_dir / "progress.jsonl").open("a").write(json.dumps({"step": step}) + "\n")
            time.sleep(float(fake.get("fake.step_seconds", 0)))
    write_json(model_dir / "results" / "aggregate" / "train.json", {"resumed": first > 0})


def _misbehave(kind: str, output_dir: Path) -> None:
    tries = output_dir / "tries.txt"
    tries.open("a").write("x")
    first_time = tries.stat().st_size == 1
    if kind == "wrong":
        raise UserError("fake.kind is wrong: it should be right.")
    if kind == "bug" or (kind == "bug once" and first_time):
        raise ZeroDivisionError("division of nothing")
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "disk full once" and first_time:
        try:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise UserError("the checkpoint could not be written.") from error


def _stage(input_dir, output_dir, overwrite, gin_config_files, gin_bindings):
    with staged_directory(output_dir) as directory:
        for stage in ("visualize", "postprocess", "evaluation"):
            write_json(directory / "results" / "aggregate" / f"{stage}.json", {"pid": os.getpid()})


if __name__ == "__main__":
    directory = Path(sys.argv[1])
    launch_local(load_study(directory), directory, options(), num_workers=int(sys.argv[2]))
