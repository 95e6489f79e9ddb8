"""Models x steps per second of this machine: one-thread workers against one process of all threads.

    python benchmarks/study.py [--width=0.25] [--rounds=5] [--seconds=20] [--source=DIR]

Trains beta-TC-VAE on sprites, batch 64: in one process that uses all cores, and in as many
processes as there are cores, each on its own core with one thread, as tfdis-sweep runs them. The
sides take turns, round by round; while one trains the others wait. Prints the medians and ratios,
and the CPU time of a step, which other work on the machine disturbs less. `--source=DIR` adds
one-thread workers of another checkout of tfdis.
"""

import argparse
import os
import statistics
from pathlib import Path

from training import OURS
from turns import Contestant, take_turns


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="of a turn")
    parser.add_argument("--source", type=Path, help="another checkout of tfdis to compare with")
    arguments = parser.parse_args()
    script = str(Path(__file__).with_name("training.py"))
    command = [script, f"--width={arguments.width}", f"--train={OURS}"]
    cores = [str(core) for core in sorted(os.sched_getaffinity(0))]
    workers = "one-thread workers"
    sides = {
        workers: [Contestant(command, core) for core in cores],
        "one process, all threads": [Contestant(command, ",".join(cores))],
    }
    if arguments.source:
        others = [Contestant(command, core, arguments.source) for core in cores]
        sides["the other checkout"] = others
    turns = take_turns(sides, arguments.rounds, arguments.seconds)
    load = os.getloadavg()[0]
    print(f"{len(cores)} cores, width {arguments.width}; load of the machine at the end {load:.1f}")
    for name, theirs in turns.items():
        rates = [turn.steps_per_second for turn in theirs]
        ratio = statistics.median(
            a.steps_per_second / b.steps_per_second for a, b in zip(turns[workers], theirs)
        )
        cpu = statistics.median(a.cpu_ms / b.cpu_ms for a, b in zip(turns[workers], theirs))
        print(
            f"  {name:26} {statistics.median(rates):6.1f} steps/s together ({min(rates):.1f} to "
            f"{max(rates):.1f}), {statistics.median(turn.cpu_ms for turn in theirs):.1f} ms of CPU "
            f"per step; workers: {ratio:.2f} times its steps, {cpu:.2f} of its CPU"
        )


if __name__ == "__main__":
    main()
