"""Keeps one worker process running: restarts it when it dies, waits when the disk is full."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import tfdis
from tfdis.errors import UserError
from tfdis.study import worker
from tfdis.study.states import States, mark_failed

_GRACE_SECONDS = 60.0
_MAX_VAIN_STARTS = 3


@dataclasses.dataclass(frozen=True)
class WorkerOptions:
    """The options of every worker of a study.

    Attributes:
        models: numbers and ranges of models, such as "0-99,120", or "all".
        max_failures: attempts that may fail before the model counts as failed.
        pause_seconds: how long to wait before continuing after the disk was full.
        stages: "module:function" that gives the `tfdis.study.stages.Stages`.
        poll_seconds: how often a worker checks whether a model became free.
        models_per_process: after this many models a new process takes over, because TensorFlow
            keeps some 40 MiB of each.
        imports: modules of the user's own that every worker imports.
        import_from: the folder where they are looked for first.
    """

    models: str = "all"
    max_failures: int = 2
    pause_seconds: float = 60.0
    stages: str = "tfdis.study.stages:real_stages"
    poll_seconds: float = 2.0
    models_per_process: int = 25
    imports: tuple[str, ...] = ()
    import_from: str = ""


class Supervisor:
    """One slot of a machine, in which one worker process runs.

    Args:
        directory: the study's directory.
        options: passed to the worker.
        threads: how many threads the worker may use.
        cores: the cores that it runs on; None: any.
        environment: further environment variables.

    Attributes:
        is_paused: whether it waits for space on the disk.
    """

    def __init__(
        self,
        directory: str | Path,
        options: WorkerOptions,
        threads: int = 1,
        cores: tuple[int, ...] | None = None,
        environment: dict[str, str] | None = None,
    ):
        self.is_paused = False
        self._directory = Path(directory)
        self._options = options
        self._cores = cores
        self._environment = {
            **os.environ,
            **_python_path(),
            **_thread_limits(threads),
            **(environment or {}),
        }
        self._stop = threading.Event()
        self._process: subprocess.Popen | None = None

    def run(self) -> None:
        """Returns when every model is done or failed, or after `stop`.

        Raises:
            UserError: workers die before they claim a model.
        """
        vain_starts = 0
        while not self._stop.is_set():
            code, last_words = self._run_worker()
            if code == 0 or self._stop.is_set():
                return
            if code == 2:
                raise UserError(last_words.strip().splitlines()[-1])
            if code == worker.DISK_FULL:
                self._pause()
            elif code not in (worker.FAILED, worker.RETIRED):
                vain_starts = 0 if self._record_death(code) else vain_starts + 1
                if vain_starts == _MAX_VAIN_STARTS:
                    raise UserError(
                        f"workers end (exit code {code}) before they run a model: {last_words}"
                    )

    def stop(self) -> None:
        """Asks the worker to save its state and end; kills it if it does not."""
        self._stop.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()

    def _run_worker(self) -> tuple[int, str]:
        options = self._options
        command = [
            *(sys.executable, "-P", "-m", "tfdis.study.worker", str(self._directory)),
            f"--models={options.models}",
            f"--max_failures={options.max_failures}",
            f"--poll_seconds={options.poll_seconds}",
            f"--models_per_process={options.models_per_process}",
            f"--stages={options.stages}",
            *(f"--import={name}" for name in options.imports),
            *([f"--import_from={options.import_from}"] if options.imports else []),
            *([f"--cores={','.join(map(str, self._cores))}"] if self._cores else []),
        ]
        # In its own session it does not get the terminal's Ctrl-C; the supervisor passes it on.
        # Nothing is written to its standard input; its end says that this process is gone.
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
            text=True,
            errors="replace",
        ) as self._process:
            if self._stop.is_set():
                self._process.terminate()
            last_words = ""
            for line in self._process.stderr:
                last_words = (last_words + line)[-4000:]
            self._process.wait()
        return self._process.returncode, last_words

    def _record_death(self, code: int) -> bool:
        """Whether the worker that ended with this code held a model, which then failed."""
        attempt = States(self._directory).running_in(self._process.pid)
        if attempt is None:
            return False
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        hint = ", perhaps for want of memory" if code == -signal.SIGKILL else ""
        mark_failed(attempt, f"The worker process died: {name}{hint}.")
        return True

    def _pause(self) -> None:
        self.is_paused = True
        self._stop.wait(self._options.pause_seconds)
        self.is_paused = False


def _python_path() -> dict[str, str]:
    """Makes a worker import this tfdis, and nothing from the working directory by accident."""
    known = [str(Path(tfdis.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, known))}


def _thread_limits(threads: int) -> dict[str, str]:
    names = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    )
    return dict.fromkeys(names, str(threads))
