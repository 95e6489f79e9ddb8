import io
import os
import pty
import re
import subprocess
import sys

import pytest

from tfdis.evaluation.metric_progress import MetricProgress
from tfdis.progress import Display, ProgressBar, bar, duration


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_plain_lines_come_every_ten_seconds_and_at_the_end():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressBar(1000, ["kl"], stream=stream, clock=clock)
    progress.start(0)
    for step in range(1, 251):
        clock.now += 0.125
        progress.update(step, {"loss": 100.0 - step, "kl": step / 7})
    progress.close()
    lines = stream.getvalue().splitlines()
    assert [line.split("/")[0].strip() for line in lines] == ["80", "160", "240", "250"]
    assert "8.0 steps/s" in lines[0]
    assert "01:55 left" in lines[0]
    assert "loss -60" in lines[1]
    assert "kl 22.86" in lines[1]
    assert "\r" not in stream.getvalue()


def test_rate_of_a_resumed_run_counts_only_its_own_steps():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressBar(10_000, stream=stream, clock=clock)
    progress.start(9_000)
    clock.now += 20
    progress.update(9_100, {"loss": 1.0})
    assert "5.0 steps/s  03:00 left" in stream.getvalue()


def test_time_of_the_first_call_does_not_slow_the_rate():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressBar(1_000, stream=stream, clock=clock)
    progress.start(0)
    clock.now += 64  # compiles
    progress.update(10, {"loss": 1.0})
    clock.now += 16
    progress.update(170, {"loss": 1.0})
    first, second = stream.getvalue().splitlines()
    assert "0.16 steps/s" in first
    assert "10.0 steps/s  01:23 left" in second


def test_terminal_line_renews_itself_and_never_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    clock, stream = Clock(), Terminal()
    progress = ProgressBar(100, [f"term_{i}" for i in range(9)], stream=stream, clock=clock)
    progress.start(0)
    values = {"loss": 1.0, **{f"term_{i}": 1.0 for i in range(9)}}
    for step in range(1, 101):
        clock.now += 0.05
        progress.update(step, values)
    progress.message("a checkpoint was saved")
    progress.update(100, values)
    progress.close()
    drawn = stream.getvalue().split("\r\x1b[J")[1:]
    assert 10 <= len(drawn) <= 30
    assert all(len(line.strip("\n")) < 60 for line in drawn)
    assert drawn[-2] == "a checkpoint was saved\n"
    assert drawn[-1].startswith("100/100  [####################]")
    assert stream.getvalue().endswith("\n")


def test_values_are_read_only_when_drawn():
    class Tensor:
        reads = 0

        def __float__(self):
            Tensor.reads += 1
            return 2.0

    clock, stream = Clock(), io.StringIO()
    progress = ProgressBar(1000, stream=stream, clock=clock)
    progress.start(0)
    for step in range(1000):
        progress.update(step, {"loss": Tensor()})
    assert Tensor.reads == 0
    progress.close()
    assert Tensor.reads == 1


def test_a_closed_output_does_not_end_the_run():
    stream = io.StringIO()
    progress = ProgressBar(10, stream=stream, line_seconds=0.0)
    progress.start(0)
    stream.close()
    progress.update(1, {"loss": 1.0})
    progress.message("still here")
    progress.close()


def test_closing_before_the_first_step_prints_nothing():
    stream = io.StringIO()
    progress = ProgressBar(10, stream=stream)
    progress.start(0)
    progress.close()
    assert stream.getvalue() == ""


_SCRIPT = """
from tfdis.progress import ProgressBar
p = ProgressBar(50, ["kl"]); p.start(0)
p.update(50, {"loss": 1.5, "kl": 0.5}); p.close()
"""


def test_in_a_real_terminal_and_in_a_real_pipe():
    piped = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, check=True)
    assert re.fullmatch(rb" *50/50  .* left  loss 1.5  kl 0.5\n", piped.stdout)
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", _SCRIPT], stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 4096)
    os.close(ours)
    assert shown.startswith(b"\r\x1b[J50/50  [####################]")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00"), (65, "01:05"), (11_265, "3:07:45"), (2 * 86_400 + 11_265, "2d 03:07:45")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_bar_stays_within_its_width():
    assert bar(0.5, 4) == "[##--]"
    assert bar(1.7, 4) == "[####]"


def test_several_lines_are_drawn_over_themselves(monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((9, 3)))
    stream = Terminal()
    display = Display(stream, 1.0)
    display.draw(["a" * 20, "b", "c"])
    display.draw(["d"])
    display.draw(["e"])
    display.close()
    assert stream.getvalue() == (
        "\r\x1b[J" + "a" * 8 + "\nb" + "\r\x1b[1A\x1b[Jd" + "\r\x1b[Je" + "\n"
    )


def test_what_is_counted_may_have_no_known_end():
    clock, stream = Clock(), io.StringIO()
    progress = ProgressBar(None, unit="MB", label="a.npz", stream=stream, clock=clock)
    progress.start(1.0)
    clock.now += 10
    progress.update(21.0)
    assert stream.getvalue() == "a.npz  21.0 MB  2.0 MB/s\n"


def test_an_evaluation_shows_its_metric_and_what_is_encoded():
    stream = Terminal()
    progress = MetricProgress(2, stream)
    progress.metric("mig")
    progress.encoded(5, 5)
    progress.metric("dci")
    progress.close()
    shown = [f"1/2  [{'-' * 20}]  mig"] * 2 + [f"2/2  [{'#' * 10}{'-' * 10}]  dci\n"]
    assert stream.getvalue().split("\r\x1b[J")[1:] == shown
    plain = io.StringIO()
    progress = MetricProgress(2, plain)
    progress.metric("mig")
    progress.encoded(5, 5)
    progress.close()
    assert plain.getvalue() == "1/2  mig\n"
