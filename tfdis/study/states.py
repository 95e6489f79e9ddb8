"""The state of every model of a study, on disk, for any number of processes and machines.

Each attempt at a model is one file, `states/<model>.<attempt>.<status>`, whose status changes by
renaming it:

- `running`: some process works on it. The process holds a flock on the file, which ends with it,
  and touches the file every few seconds, for those on other machines.
- `done`, `failed` (holds the error): how it ended.
- `lost`: its process died and another took the model over, as the next attempt.
- `retried`: it failed, and the user asked for more attempts.

A model without a file is queued. An attempt is made by linking a file to a name that must not
exist, which is atomic on local and network file systems, so two processes never own one model.
"""

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tfdis.errors import UserError
from tfdis.results import read_json
from tfdis.study.left_out import leave_out

_HEARTBEAT_SECONDS = 10.0
# Heartbeats come late on a busy network file system; a model takes minutes to hours.
_LEASE_SECONDS = 120.0
# A failed or done attempt may have its running file beside it for a moment.
_PRECEDENCE = ("done", "failed", "retried", "lost", "running")
_NAME = re.compile(rf"(\d{{6,18}})\.(\d{{1,18}})\.({'|'.join(_PRECEDENCE)})")


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One attempt at one model: `number` counts from 0."""

    model_num: int
    number: int
    status: str
    path: Path

    def content(self) -> dict:
        """The content of its file: who claimed it and when, and the error of a failed one."""
        try:
            return read_json(self.path)
        except UserError:
            return {}

    def claimed(self, otherwise: float) -> float:
        """When it was claimed, in seconds since the epoch; `otherwise` where that is unknown."""
        claimed = self.content().get("claimed")
        return claimed if isinstance(claimed, int | float) else otherwise


class Claim:
    """A model that this process owns, until one of `done`, `failed` and `release`."""

    def __init__(self, attempt: Attempt, descriptor: int):
        self.attempt = attempt
        self._descriptor = descriptor

    @property
    def model_num(self) -> int:
        """The model's number."""
        return self.attempt.model_num

    def done(self) -> None:
        """Records that all stages are complete, also if another process took the model over."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(self.attempt.path)
            self.attempt.path.rename(_renamed(self.attempt.path, "done"))
        os.close(self._descriptor)

    def failed(self, error: str, details: str) -> None:
        """Records an error, in one sentence and in full."""
        mark_failed(self.attempt, error, details)
        os.close(self._descriptor)

    def release(self) -> None:
        """Gives the model back to the queue, as if it had not been claimed."""
        self.attempt.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    @contextlib.contextmanager
    def heartbeat(
        self, on_loss: Callable[[], None], seconds: float = _HEARTBEAT_SECONDS
    ) -> Iterator[None]:
        """Touches the attempt's file during a `with` block; calls `on_loss` at its loss."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(seconds):
                try:
                    os.utime(self.attempt.path)
                except FileNotFoundError:
                    if not ended.is_set():
                        on_loss()
                    return
                except OSError:
                    continue  # a network file system that is away for a moment

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


class States:
    """The states of the models of one study, as one process sees them.

    Args:
        directory: the study's directory.
        max_failures: attempts that may fail before the model counts as failed.
        lease: seconds without a heartbeat after which an owner on another machine is dead.
    """

    def __init__(self, directory: str | Path, max_failures: int = 2, lease: float = _LEASE_SECONDS):
        self._directory = Path(directory) / "states"
        self._max_failures = max_failures
        self._lease = lease
        self._last_beats: dict[Path, tuple[float, float]] = {}

    def attempts(self) -> dict[int, list[Attempt]]:
        """The attempts so far at every model that has any, by number."""
        try:
            with os.scandir(self._directory) as entries:
                # A file that is written aside has a hidden name.
                files = {e.name: e.is_file() for e in entries if not e.name.startswith(".")}
        except FileNotFoundError:
            return {}
        found: dict[tuple[int, int], Attempt] = {}
        for name, is_file in files.items():
            match = _NAME.fullmatch(name)
            if match is None or not is_file:
                leave_out(f"{self._directory / name} is not a state of a model.")
                continue
            model_num, number, status = match.groups()
            attempt = Attempt(int(model_num), int(number), status, self._directory / name)
            key = attempt.model_num, attempt.number
            if key not in found or _rank(attempt) < _rank(found[key]):
                found[key] = attempt
        by_model = defaultdict(list)
        for key in sorted(found):
            by_model[key[0]].append(found[key])
        return dict(by_model)

    def status(self, attempts: Sequence[Attempt]) -> str:
        """The state of a model with these attempts: queued, running, done or failed."""
        if not attempts:
            return "queued"
        last = attempts[-1]
        if last.status == "done":
            return "done"
        if last.status == "running" and self._is_alive(last):
            return "running"
        failures = sum(attempt.status == "failed" for attempt in attempts)
        return "failed" if failures >= self._max_failures else "queued"

    def claim_next(self, model_nums: Sequence[int]) -> Claim | None:
        """Claims a queued model; those that failed before come last. None: none is queued."""
        attempts = self.attempts()
        queued = [num for num in model_nums if self.status(attempts.get(num, ())) == "queued"]
        for num in sorted(queued, key=lambda num: _failures(attempts.get(num, ()))):
            claim = self._claim(num, attempts.get(num, []))
            if claim is not None:
                return claim
        return None

    def are_settled(self, model_nums: Sequence[int]) -> bool:
        """Whether every one of these models is done or failed."""
        attempts = self.attempts()
        return all(self.status(attempts.get(num, ())) in ("done", "failed") for num in model_nums)

    def retry_failed(self, model_nums: Sequence[int]) -> None:
        """Queues the models that failed."""
        attempts = self.attempts()
        for num in model_nums:
            if self.status(attempts.get(num, ())) == "failed":
                for attempt in attempts[num]:
                    if attempt.status == "failed":
                        attempt.path.rename(_renamed(attempt.path, "retried"))

    def running_in(self, pid: int) -> Attempt | None:
        """The attempt that a process of this machine holds, or held when it died."""
        for attempts in self.attempts().values():
            last = attempts[-1]
            if last.status == "running":
                content = last.content()
                if content.get("pid") == pid and content.get("machine") == _machine():
                    return last
        return None

    def _claim(self, model_num: int, before: Sequence[Attempt]) -> Claim | None:
        number = before[-1].number + 1 if before else 0
        path = self._directory / f"{model_num:06d}.{number}.running"
        self._directory.mkdir(parents=True, exist_ok=True)
        aside = self._directory / f".{uuid.uuid4()}"
        owner = {
            "machine": _machine(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "claimed": time.time(),
        }
        try:
            aside.write_text(json.dumps(owner))
            descriptor = os.open(aside, os.O_RDONLY)
            # Locked before it gets its name, so that no process ever sees it unlocked.
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                os.link(aside, path)
            except FileExistsError:
                os.close(descriptor)
                return None
        finally:
            aside.unlink(missing_ok=True)
        if any(_renamed(path, status).exists() for status in _PRECEDENCE[:-1]):
            # Another process claimed and ended this very attempt since `before` was listed.
            path.unlink()
            os.close(descriptor)
            return None
        if before and before[-1].status == "running":
            with contextlib.suppress(FileNotFoundError):
                before[-1].path.rename(_renamed(before[-1].path, "lost"))
        return Claim(Attempt(model_num, number, "running", path), descriptor)

    def _is_alive(self, attempt: Attempt) -> bool:
        try:
            descriptor = os.open(attempt.path, os.O_RDONLY)
        except FileNotFoundError:
            return True  # it ended just now; the next look tells how
        try:
            owner = json.loads(os.read(descriptor, 4096))
            if isinstance(owner, dict) and owner.get("machine") == _machine():
                # An owner renames the file before it releases the lock.
                return _is_locked(descriptor) or not attempt.path.exists()
            beat = os.fstat(descriptor).st_mtime
        except (ValueError, RecursionError):
            return False
        finally:
            os.close(descriptor)
        # Only this machine's clock is used, because those of other machines may differ.
        now = time.monotonic()
        last, seen = self._last_beats.get(attempt.path, (None, now))
        if last != beat:
            seen = now
        self._last_beats[attempt.path] = (beat, seen)
        return now - seen < self._lease


def mark_failed(attempt: Attempt, error: str, details: str = "") -> None:
    """Turns a running attempt into a failed one."""
    content = {**attempt.content(), "error": error, "details": details, "ended": time.time()}
    aside = attempt.path.with_name(f".{uuid.uuid4()}")
    failed = _renamed(attempt.path, "failed")
    try:
        aside.write_text(json.dumps(content, indent=1))
        aside.replace(failed)
        attempt.path.unlink(missing_ok=True)
    except OSError:
        # Renaming works on a full disk too.
        aside.unlink(missing_ok=True)
        attempt.path.replace(failed)


def _machine() -> str:
    """Identifies this boot of this machine."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    return boot.read_text().strip() if boot.exists() else socket.gethostname()


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _renamed(path: Path, status: str) -> Path:
    return path.with_suffix(f".{status}")


def _rank(attempt: Attempt) -> int:
    return _PRECEDENCE.index(attempt.status)


def _failures(attempts: Sequence[Attempt]) -> int:
    return sum(attempt.status == "failed" for attempt in attempts)
