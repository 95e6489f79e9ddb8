import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tfdis.study import states as module
from tfdis.study.states import States

CLAIM_ALL = """
import sys
from tfdis.study.states import States
states = States(sys.argv[1])
while (claim := states.claim_next(range(200))) is not None:
    open(sys.argv[2], "a").write(f"{claim.model_num}\\n")
    claim.done()
"""


def status(states, num):
    return states.status(states.attempts().get(num, []))


def names(directory):
    return sorted(path.name for path in (directory / "states").iterdir())


def test_claims_go_in_order_and_end(tmp_path):
    states = States(tmp_path)
    first, second = states.claim_next([0, 1]), states.claim_next([0, 1])
    assert (first.model_num, second.model_num) == (0, 1)
    assert states.claim_next([0, 1]) is None
    assert status(states, 0) == "running"
    first.done()
    second.release()
    assert (status(states, 0), status(states, 1)) == ("done", "queued")
    assert names(tmp_path) == ["000000.0.done"]


def test_processes_racing_for_models_never_get_the_same(tmp_path):
    logs = [tmp_path / f"{index}.txt" for index in range(4)]
    racers = [
        subprocess.Popen([sys.executable, "-c", CLAIM_ALL, str(tmp_path / "study"), str(log)])
        for log in logs
    ]
    assert [racer.wait() for racer in racers] == [0] * 4
    claimed = Counter(line for log in logs if log.exists() for line in log.read_text().split())
    assert claimed == Counter(map(str, range(200)))
    assert names(tmp_path / "study") == [f"{num:06d}.0.done" for num in range(200)]


def test_a_failed_model_is_retried_last_then_recorded(tmp_path):
    states = States(tmp_path, max_failures=2)
    states.claim_next([0, 1]).failed("ValueError: first.", "traceback")
    assert states.claim_next([0, 1]).model_num == 1
    claim = states.claim_next([0, 1])
    assert claim.model_num == 0
    claim.failed("ValueError: second.", "traceback")
    assert status(states, 0) == "failed"
    assert states.claim_next([0]) is None
    assert states.are_settled([0])
    attempts = states.attempts()[0]
    assert [attempt.content()["error"] for attempt in attempts] == [
        "ValueError: first.",
        "ValueError: second.",
    ]
    states.retry_failed([0, 1])
    assert status(states, 0) == "queued"
    assert states.claim_next([0]).attempt.number == 2


def test_the_model_of_a_killed_process_is_taken_over_at_once(tmp_path):
    code = (
        "import os, signal, sys; from tfdis.study.states import States;"
        "States(sys.argv[1]).claim_next([0]); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert names(tmp_path) == ["000000.0.running"]
    states = States(tmp_path)
    assert status(states, 0) == "queued"
    claim = states.claim_next([0])
    assert claim.attempt.number == 1
    assert names(tmp_path) == ["000000.0.lost", "000000.1.running"]


def test_on_another_machine_only_silence_tells_of_death(tmp_path, monkeypatch):
    claim = States(tmp_path).claim_next([0])
    os.close(claim._descriptor)  # no lock is seen from another machine
    monkeypatch.setattr(module, "_machine", lambda: "another")
    states = States(tmp_path, lease=0.5)
    deadline = time.monotonic() + 1.5
    while time.monotonic() < deadline:
        os.utime(claim.attempt.path)
        assert status(states, 0) == "running"
        time.sleep(0.1)
    time.sleep(0.6)
    assert status(states, 0) == "queued"
    assert states.claim_next([0]).attempt.number == 1
    assert not claim.attempt.path.exists()


def test_heartbeats_keep_a_claim_and_notice_its_loss(tmp_path):
    claim = States(tmp_path).claim_next([0])
    os.utime(claim.attempt.path, (0, 0))
    losses = []
    with claim.heartbeat(lambda: losses.append(1), seconds=0.05):
        deadline = time.monotonic() + 10
        while claim.attempt.path.stat().st_mtime == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert time.time() - claim.attempt.path.stat().st_mtime < 10
        assert not losses
        claim.attempt.path.rename(claim.attempt.path.with_suffix(".lost"))
        while not losses and time.monotonic() < deadline:
            time.sleep(0.01)
    assert losses == [1]


@pytest.mark.parametrize("ending", ["done", "failed", "lost"])
def test_a_claim_made_from_an_old_look_is_given_up(tmp_path, ending):
    states = States(tmp_path)
    claim = states.claim_next([0])
    claim.attempt.path.rename(claim.attempt.path.with_suffix(f".{ending}"))
    assert states._claim(0, before=[]) is None
    assert names(tmp_path) == [f"000000.0.{ending}"]


def test_a_failure_is_recorded_on_a_full_disk(tmp_path, monkeypatch):
    claim = States(tmp_path).claim_next([0])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    claim.failed("ValueError: x.", "")
    assert names(tmp_path) == ["000000.0.failed"]
