"""Kills, races, failures and a full disk, with real processes and stages that take no time."""

import io
import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_stages import make_study, options, pids, steps_made

from tfdis.errors import UserError
from tfdis.signals import Interrupt
from tfdis.study import launch
from tfdis.study.launch import deal_cores, launch_local
from tfdis.study.states import States
from tfdis.study.supervisor import WorkerOptions

SCRIPT = str(Path(__file__).parent / "fake_stages.py")


def launcher(directory, workers=2):
    return subprocess.Popen(
        [sys.executable, SCRIPT, str(directory), str(workers)],
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.02)


def statuses(directory):
    return {
        num: [attempt.status for attempt in attempts]
        for num, attempts in States(directory).attempts().items()
    }


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "study"


def test_all_models_are_done_by_few_processes(directory):
    study = make_study(directory, [{"fake.num": num} for num in range(9)])
    out = io.StringIO()
    snapshot = launch_local(study, directory, options(), num_workers=2, out=out)
    assert snapshot.counts == {"done": 9}
    assert statuses(directory) == {num: ["done"] for num in range(9)}
    assert len(set.union(*(pids(directory, num) for num in range(9)))) <= 2
    assert "fake: 9 of 9 done" in out.getvalue()
    for name in ("mean/mig", "mean/dci", "sampled/mig", "sampled/dci"):
        assert (directory / "8" / "metrics" / name / "results").is_dir()


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(directory):
    steps = 30
    settings = [
        {"fake.num": num, "fake.steps": steps, "fake.step_seconds": 0.05} for num in range(4)
    ]
    make_study(directory, settings)
    process = launcher(directory)
    wait_until(lambda: "done" in [s for tried in statuses(directory).values() for s in tried])
    wait_until(
        lambda: (directory / "2" / "steps.txt").exists() and len(steps_made(directory, 2)) > 3
    )
    done_before = {num for num, tried in statuses(directory).items() if tried == ["done"]}
    written_before = {
        path: path.stat().st_mtime_ns
        for num in done_before
        for path in (directory / str(num)).rglob("*.json")
    }
    workers = pids(directory, 2)
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, workers)))
    half = steps_made(directory, 2)
    assert 3 < len(half) < steps

    process = launcher(directory)
    assert process.wait(60) == 0, process.stderr.read()
    assert {tried[-1] for tried in statuses(directory).values()} == {"done"}
    assert statuses(directory)[2] == ["lost", "done"]
    # No step was made twice, none left out.
    assert all(steps_made(directory, num) == list(range(steps)) for num in range(4))
    assert len(pids(directory, 2)) == 2
    assert written_before
    assert written_before == {path: path.stat().st_mtime_ns for path in written_before}


def test_two_launchers_do_no_model_twice(directory):
    settings = [{"fake.num": num, "fake.steps": 3, "fake.step_seconds": 0.05} for num in range(16)]
    make_study(directory, settings)
    launchers = [launcher(directory), launcher(directory)]
    assert [each.wait(60) for each in launchers] == [0, 0]
    assert statuses(directory) == {num: ["done"] for num in range(16)}
    assert all(steps_made(directory, num) == [0, 1, 2] for num in range(16))
    workers = set.union(*(pids(directory, num) for num in range(16)))
    assert len(workers) > 2  # both took part


def test_failures_are_retried_and_recorded_and_the_rest_goes_on(directory):
    kinds = ["", "wrong", "bug once", "crash", "bug", ""]
    study = make_study(directory, [{"fake.kind": kind} for kind in kinds])
    snapshot = launch_local(study, directory, options(), num_workers=2, out=io.StringIO())
    assert snapshot.counts == {"done": 3, "failed": 3}
    assert statuses(directory) == {
        0: ["done"],
        1: ["failed", "failed"],
        2: ["failed", "done"],
        3: ["failed", "failed"],
        4: ["failed", "failed"],
        5: ["done"],
    }
    errors = {num: tried[-1].content() for num, tried in States(directory).attempts().items()}
    assert errors[1]["error"] == "UserError: fake.kind is wrong: it should be right."
    assert errors[3]["error"] == "The worker process died: SIGSEGV."
    assert errors[4]["error"] == "ZeroDivisionError: division of nothing."
    assert "fake_stages.py" in errors[4]["details"]
    assert "ZeroDivisionError" in snapshot.failed[4]


def test_a_full_disk_pauses_and_counts_as_no_failure(directory):
    study = make_study(directory, [{"fake.kind": "disk full once"}, {"fake.kind": ""}])
    snapshot = launch_local(study, directory, options(), num_workers=1, out=io.StringIO())
    assert snapshot.counts == {"done": 2}
    assert statuses(directory) == {0: ["done"], 1: ["done"]}
    assert (directory / "0" / "tries.txt").read_text() == "xx"


def test_a_stopped_launcher_gives_its_models_back(directory):
    settings = [{"fake.num": num, "fake.steps": 200, "fake.step_seconds": 0.05} for num in range(2)]
    make_study(directory, settings)
    process = launcher(directory)
    wait_until(lambda: all((directory / str(num) / "steps.txt").exists() for num in range(2)))
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    assert "the same command continues" in process.stderr.read()
    assert statuses(directory) == {}


def test_a_signal_is_not_kept_waiting_after_a_slow_look(directory, monkeypatch):
    study, interrupt, naps = make_study(directory, [{}]), Interrupt(), []

    def nap(seconds):
        naps.append(seconds)
        interrupt.signal_number = signal.SIGTERM

    clock = itertools.count(0.0, 10.0)  # each look takes 10 s, so the wait would be minutes
    monkeypatch.setattr(launch, "time", SimpleNamespace(monotonic=clock.__next__, sleep=nap))
    launch.watch(study, directory, options(), interrupt, lambda: False, lambda: "", io.StringIO())
    assert naps == [0.1]


def test_workers_that_cannot_start_end_the_study_with_a_sentence(directory):
    study = make_study(directory, [{}])
    broken = WorkerOptions(stages="no_such_module:stages", poll_seconds=0.1)
    with pytest.raises(UserError, match="no_such_module"):
        launch_local(study, directory, broken, num_workers=1, out=io.StringIO())


def test_a_process_retires_after_so_many_models(directory):
    study = make_study(directory, [{"fake.num": num} for num in range(5)])
    few = options(models_per_process=2)
    snapshot = launch_local(study, directory, few, num_workers=1, out=io.StringIO())
    assert snapshot.counts == {"done": 5}
    processes = [pids(directory, num) for num in range(5)]
    assert processes[0] == processes[1] != processes[2] == processes[3] != processes[4]


def test_only_the_models_asked_for_are_run(directory):
    study = make_study(directory, [{"fake.num": num} for num in range(6)])
    launch_local(study, directory, options(models="1-2,5"), num_workers=1, out=io.StringIO())
    assert statuses(directory) == {num: ["done"] for num in (1, 2, 5)}


def test_cores_are_dealt_out_evenly():
    assert deal_cores([0, 1], None) == [(0,), (1,)]
    assert deal_cores([0, 1, 4, 5, 6], 2) == [(0, 1), (4, 5, 6)]
    assert deal_cores([0, 1], 3) == [(0,), (1,), (0,)]
    with pytest.raises(UserError, match="received 0"):
        deal_cores([0, 1], 0)


def test_workers_stay_on_their_cores_with_as_many_threads(directory, tmp_path):
    study = make_study(
        directory,
        [{"fake.num": num, "fake.steps": 20, "fake.step_seconds": 0.05} for num in range(2)],
    )
    process = launcher(directory, workers=2)
    wait_until(lambda: all((directory / str(num) / "steps.txt").exists() for num in range(2)))
    workers = [pids(directory, num).pop() for num in range(2)]
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        expected = deal_cores(cores, 2)
        assert sorted(tuple(os.sched_getaffinity(pid)) for pid in workers) == sorted(expected)
    for pid in workers:
        environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
        threads = len(os.sched_getaffinity(pid))
        for name in ("OMP", "TF_NUM_INTRAOP", "TF_NUM_INTEROP", "NUMBA_NUM"):
            name = f"{name}_THREADS" if name != "OMP" else "OMP_NUM_THREADS"
            assert f"{name}={threads}" in environment
    assert process.wait(60) == 0
    assert study.name == "fake"
