"""What benchmarks/training.py and benchmarks/study.py share: processes that take turns.

A contestant is a process, pinned to its cores and limited to as many threads, that trains whenever
it is told and says what it took. While one side trains, the others wait; the median over rounds,
and of the ratios within a round, is then worth something on a machine that others use too. CPU
time is what the others disturb least.
"""

import dataclasses
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LIMITS = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMBA_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")


@dataclasses.dataclass(frozen=True)
class Turn:
    """What a side did in one turn.

    Attributes:
        steps_per_second: of all its processes together, by the clock.
        cpu_ms: milliseconds of CPU per step, the mean over its processes.
        faults: page faults per step, the same; nan where a process does not count them.
    """

    steps_per_second: float
    cpu_ms: float
    faults: float

    @property
    def cores_used(self) -> float:
        """Seconds of CPU per second by the clock."""
        return self.steps_per_second * self.cpu_ms / 1000


class Contestant:
    """A process that trains for as long as it is told.

    Args:
        arguments: the script and its arguments; it calls `answer`.
        cores: where it runs, as in "0,1"; it has as many threads unless the environment says
            how many (TF_NUM_INTRAOP_THREADS and the like).
        source: a checkout of tfdis to import from; None: this script's own.
    """

    def __init__(self, arguments: Sequence[str], cores: str, source: Path | None = None):
        path = str((source or Path(__file__).parents[1]).absolute())
        limits = dict.fromkeys((f"{name}_THREADS" for name in _LIMITS), str(len(cores.split(","))))
        self._process = subprocess.Popen(
            ["taskset", "-c", cores, sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **limits,
                "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # the others need some of it, too
                **os.environ,
                "PYTHONPATH": path,
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            text=True,
        )

    def begin(self, seconds: float) -> None:
        """Starts a turn."""
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()

    def result(self) -> Turn:
        """Waits for the end of the turn."""
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"A contestant ended with exit code {self._process.wait()}.")
        return Turn(*[*map(float, line.split()), float("nan")][:3])

    def end(self) -> None:
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()


def answer(train: Callable[[float], int]) -> None:
    """A contestant's side: trains whenever it is told, until its standard input ends.

    Args:
        train: seconds to the number of steps made in about that time.
    """
    for line in sys.stdin:
        start, busy, faults = time.monotonic(), time.process_time(), _faults()
        steps = train(float(line))
        elapsed, used = time.monotonic() - start, time.process_time() - busy
        print(steps / elapsed, 1000 * used / steps, (_faults() - faults) / steps, flush=True)


def train_until(step: Callable[[], int]) -> Callable[[float], int]:
    """From a function that makes some steps and returns their number, what `answer` takes."""

    def train(seconds: float) -> int:
        until, steps = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            steps += step()
        return steps

    return train


def take_turns(
    sides: Mapping[str, Sequence[Contestant]], rounds: int, seconds: float, warm_up: float = 10.0
) -> dict[str, list[Turn]]:
    """Lets every side have its turn in every round, and ends the processes.

    Args:
        sides: the processes of each side, which train at the same time.
        rounds: how many.
        seconds: of a turn.
        warm_up: seconds of a turn before the first, which compiles and is not counted.
    """
    for contestants in sides.values():
        _turn(contestants, warm_up)
    turns: dict[str, list[Turn]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, contestants in sides.items():
            turns[name].append(_turn(contestants, seconds))
    for contestants in sides.values():
        for contestant in contestants:
            contestant.end()
    return turns


def _turn(contestants: Sequence[Contestant], seconds: float) -> Turn:
    for contestant in contestants:
        contestant.begin(seconds)
    results = [contestant.result() for contestant in contestants]
    return Turn(
        sum(turn.steps_per_second for turn in results),
        statistics.mean(turn.cpu_ms for turn in results),
        statistics.mean(turn.faults for turn in results),
    )


def _faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
