import io
import json
import os
import re
import time

from fake_stages import make_study

from tfdis.study.model_names import ModelNames
from tfdis.study.states import States
from tfdis.study.view import LiveView, Watch


class Terminal(io.StringIO):
    def isatty(self):
        return True


def small_study(directory):
    settings = [
        {"model.name": "vae", "model.model": "@vae()", "vae.beta": beta, "model.batch_size": 64}
        for beta in (1.0, 4.0)
    ] + [{"model.name": "factor_vae", "model.model": "@factor_vae()", "factor_vae.gamma": 10.0}] * 2
    return make_study(directory, settings)


def watched(tmp_path):
    directory = tmp_path / "study"
    study = small_study(directory)
    states = States(directory, max_failures=1)
    return directory, states, Watch(directory, study, range(4), states)


def test_labels_name_what_varies_alone(tmp_path):
    names = ModelNames(small_study(tmp_path / "study"))
    assert names.of(1) == "#1 vae beta=4.0 batch_size=64"
    assert names.of(3) == "#3 factor_vae gamma=10.0"


def test_a_snapshot_counts_and_tells_how_far_each_is(tmp_path):
    directory, states, watch = watched(tmp_path)
    assert watch.snapshot().summary() == "0 of 4 done, 0 running, 0 failed, 4 queued"
    states.claim_next([3]).done()
    states.claim_next([2]).failed("ValueError: no.", "")
    running = states.claim_next([0])
    progress = directory / "0" / "model" / "progress.jsonl"
    progress.parent.mkdir(parents=True)
    progress.write_text(json.dumps({"step": 4}) + "\n" + '{"step": 5')  # cut short
    snapshot = watch.snapshot()
    assert snapshot.counts == {"done": 1, "failed": 1, "running": 1, "queued": 1}
    assert snapshot.running[0].endswith("training, step 4 of 6")
    assert snapshot.failed[2] == "#2 factor_vae gamma=10.0  ValueError: no."

    for name in ("model/results/aggregate/train.json", "metrics/mean/mig/x"):
        (directory / "0" / name).parent.mkdir(parents=True)
        (directory / "0" / name).write_text("{}")
    assert watch.snapshot().running[0].endswith("trained, 2 of 8 stages complete")
    running.release()


def test_the_time_left_is_what_the_models_that_are_done_took(tmp_path):
    _, states, watch = watched(tmp_path)
    claim = states.claim_next([3])
    content = {**claim.attempt.content(), "claimed": time.time() - 600}
    claim.attempt.path.write_text(json.dumps(content))
    claim.done()
    running = [states.claim_next(range(3)), states.claim_next(range(3))]
    left = watch.snapshot().seconds_left
    # Two have just begun and one waits: three times ten minutes for two workers.
    assert abs(left - 900) < 5
    assert re.search(r"1[45]:\d\d left$", watch.snapshot().summary())
    assert running[0].model_num == 0


def test_a_terminal_is_redrawn_in_place(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((60, 20)))
    _, states, watch = watched(tmp_path)
    out = Terminal()
    view = LiveView("small", out)
    claim = states.claim_next([0])
    view.show(watch.snapshot())
    shown = out.getvalue()
    assert shown.startswith("\r\x1b[Jsmall  [--------------------]  0 of 4 done, 1 runn")
    assert all(len(line) < 60 for line in shown.removeprefix("\r\x1b[J").split("\n"))
    claim.done()
    view.show(watch.snapshot(), "a note")
    assert out.getvalue()[len(shown) :].startswith("\r\x1b[1A\x1b[Jsmall  [#####-")
    view.close()
    assert out.getvalue().endswith("  a note\n")


def test_without_a_terminal_only_what_is_new_gets_a_line(tmp_path):
    _, states, watch = watched(tmp_path)
    out = io.StringIO()
    view = LiveView("small", out)
    for _ in range(3):
        view.show(watch.snapshot())
    states.claim_next([2]).failed("ValueError: no.", "")
    for _ in range(3):
        view.show(watch.snapshot())
    assert out.getvalue().splitlines() == [
        "small: 0 of 4 done, 0 running, 0 failed, 4 queued",
        "failed: #2 factor_vae gamma=10.0  ValueError: no.",
        "small: 0 of 4 done, 0 running, 1 failed, 3 queued",
    ]
