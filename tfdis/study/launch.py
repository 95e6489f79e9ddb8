"""Runs a study on this machine: one worker process per core, or as many as asked for."""

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from tfdis.errors import UserError
from tfdis.signals import Interrupt, noticed
from tfdis.study.states import States
from tfdis.study.study import Study
from tfdis.study.supervisor import Supervisor, WorkerOptions
from tfdis.study.view import LiveView, Snapshot, Watch
from tfdis.study.worker import parse_models

_LOOK_SECONDS = 1.0


class Stopped(Exception):
    """The launcher was asked to stop, and stopped after its workers had saved their state."""


def launch_local(
    study: Study,
    directory: str | Path,
    options: WorkerOptions,
    num_workers: int | None = None,
    environment: dict[str, str] | None = None,
    out: TextIO | None = None,
) -> Snapshot:
    """Runs models on this machine until every one is done or failed.

    The cores are divided among the workers, and each worker stays on its own. This gives the most
    models x steps per second (benchmarks/study.py measures it).

    Args:
        study: the study that `save_study` returned.
        directory: its directory.
        options: passed to the workers.
        num_workers: worker processes; None: one per core.
        environment: further environment variables of the workers.
        out: where to show progress; None: the standard error.

    Returns:
        The state of the study at the end.

    Raises:
        Stopped: SIGINT or SIGTERM came.
        UserError: the workers cannot work.
    """
    supervisors = [
        Supervisor(
            directory,
            options,
            threads=len(cores),
            cores=cores if hasattr(os, "sched_setaffinity") else None,
            environment={**_gpu_environment(slot), **(environment or {})},
        )
        for slot, cores in enumerate(deal_cores(_cores(), num_workers))
    ]

    def note() -> str:
        paused = any(supervisor.is_paused for supervisor in supervisors)
        return f"the disk of {directory} is full: waiting for space" if paused else ""

    with ThreadPoolExecutor(len(supervisors)) as pool, noticed() as interrupt:
        runs = [pool.submit(supervisor.run) for supervisor in supervisors]
        try:
            snapshot = watch(
                study,
                directory,
                options,
                interrupt,
                lambda: all(run.done() for run in runs),
                note,
                out,
            )
        finally:
            stops = [threading.Thread(target=each.stop) for each in supervisors]
            for stop in stops:
                stop.start()
            for stop in stops:
                stop.join()
    if interrupt:
        raise Stopped(f"Stopped; the same command continues {directory}.")
    for run in runs:
        run.result()
    return snapshot


def watch(
    study: Study,
    directory: str | Path,
    options: WorkerOptions,
    interrupt: Interrupt,
    is_over: Callable[[], bool],
    note: Callable[[], str],
    out: TextIO | None,
) -> Snapshot:
    """Shows the progress of a study until `is_over` or a signal; returns the last snapshot."""
    model_nums = parse_models(options.models, study)
    looks = Watch(Path(directory), study, model_nums, States(directory, options.max_failures))
    view = LiveView(study.name, out or sys.stderr)
    while True:
        start = time.monotonic()
        over = bool(interrupt) or is_over()
        snapshot = looks.snapshot()
        view.show(snapshot, note())
        if over:
            view.close()
            return snapshot
        # Reading the state of thousands of models takes a while, and the workers need the cores.
        until = time.monotonic() + max(_LOOK_SECONDS, 50 * (time.monotonic() - start))
        while time.monotonic() < until and not interrupt:
            time.sleep(0.1)


def deal_cores(cores: list[int], num_workers: int | None) -> list[tuple[int, ...]]:
    """Which cores each worker runs on: an equal share, neighbours together.

    Args:
        cores: the machine's, or this process', cores.
        num_workers: None: one per core; more than there are cores share them.

    Raises:
        UserError: `num_workers` is below 1.
    """
    num_workers = len(cores) if num_workers is None else num_workers
    if num_workers < 1:
        raise UserError(f"--workers is 1 or more; received {num_workers}.")
    if num_workers >= len(cores):
        return [(cores[slot % len(cores)],) for slot in range(num_workers)]
    bounds = [len(cores) * slot // num_workers for slot in range(num_workers + 1)]
    return [tuple(cores[low:high]) for low, high in itertools.pairwise(bounds)]


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _gpu_environment(slot: int) -> dict[str, str]:
    """Assigns the GPUs, if there are any, to the workers in turn; several may share one."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        gpus = [path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*")]
        gpus.sort(key=int)
    else:
        gpus = [gpu for gpu in visible.split(",") if gpu and gpu != "-1"]
    if not gpus:
        return {}
    return {
        "CUDA_VISIBLE_DEVICES": gpus[slot % len(gpus)],
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
