"""The progress of a study as text: redrawn in place in a terminal, otherwise as plain lines."""

import dataclasses
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from tfdis.progress import Display, bar, duration
from tfdis.progress_log import last_step
from tfdis.results import gin_dict
from tfdis.study.left_out import leave_out
from tfdis.study.model_names import ModelNames
from tfdis.study.stages import num_stages
from tfdis.study.states import Attempt, States
from tfdis.study.study import Study

_PLAIN_SECONDS = 60.0


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """The states of the models of a study at one moment.

    Attributes:
        counts: models by status: queued, running, done, failed.
        running: by model number, its name and progress.
        failed: by model number, its name and last error.
        seconds_left: None before the first model is done.
    """

    counts: Counter
    running: dict[int, str]
    failed: dict[int, str]
    seconds_left: float | None

    def summary(self) -> str:
        """One line of counts and the time left."""
        counts = self.counts
        parts = [f"{counts['done']} of {counts.total()} done"]
        parts += [f"{counts[name]} {name}" for name in ("running", "failed", "queued")]
        if counts["running"]:
            left = self.seconds_left
            parts.append("time left unknown yet" if left is None else f"{duration(left)} left")
        return ", ".join(parts)


class Watch:
    """Takes snapshots of a study.

    Args:
        directory: the study's directory.
        study: the study.
        model_nums: the models to look at.
        states: their states.
    """

    def __init__(self, directory: Path, study: Study, model_nums: Sequence[int], states: States):
        self._directory = Path(directory)
        self._study = study
        self._model_nums = model_nums
        self._states = states
        self._names = ModelNames(study)
        self._durations: dict[int, float] = {}

    def snapshot(self) -> Snapshot:
        """Looks at the directory."""
        attempts = self._states.attempts()
        counts: Counter = Counter()
        running: dict[int, str] = {}
        failed: dict[int, str] = {}
        elapsed = []
        for num in self._model_nums:
            tried = attempts.get(num, [])
            status = self._states.status(tried)
            counts[status] += 1
            if status == "running":
                running[num] = f"{self._names.of(num)}  {self._stage(num)}"
                elapsed.append(time.time() - tried[-1].claimed(time.time()))
            elif status == "failed":
                error = next(a for a in reversed(tried) if a.status == "failed").content()
                failed[num] = f"{self._names.of(num)}  {error.get('error', 'error not recorded')}"
            elif status == "done" and num not in self._durations:
                self._durations[num] = _duration_of(tried[-1])
        return Snapshot(counts, running, failed, self._seconds_left(counts, elapsed))

    def _stage(self, model_num: int) -> str:
        output_dir = self._directory / str(model_num)
        if self._study.reasons_on is not None:
            return f"reasoning, step {last_step(output_dir / 'reasoning' / 'progress.jsonl'):,}"
        if (output_dir / "model" / "results" / "aggregate" / "train.json").exists():
            scores = [_children(each) for each in _children(output_dir / "metrics")]
            ready = 1 + (output_dir / "visualizations").is_dir()
            ready += len(_children(output_dir / "postprocessed")) + sum(map(len, scores))
            return f"trained, {ready} of {num_stages(self._study)} stages complete"
        step = last_step(output_dir / "model" / "progress.jsonl")
        steps = self._training_steps(model_num)
        return f"training, step {step:,} of {steps}"

    def _training_steps(self, model_num: int) -> str:
        name = "model.training_steps"
        said: dict[str, Any] = {}
        for path in self._study.model_configs:
            try:
                said |= gin_dict(path.read_text())
            except (OSError, ValueError) as error:
                leave_out(f"{path} could not be read: {error}.")
        said |= gin_dict("\n".join(self._study.model_bindings(model_num)))
        return f"{int(said[name]):,}" if said.get(name, "").isdigit() else "?"

    def _seconds_left(self, counts: Counter, elapsed: Sequence[float]) -> float | None:
        if not self._durations:
            return None
        typical = statistics.mean(self._durations.values())
        work = counts["queued"] * typical + sum(max(typical - spent, 0.0) for spent in elapsed)
        return work / max(counts["running"], 1)


class LiveView:
    """Shows snapshots as they come.

    Args:
        title: the study's name.
        out: where to write.
    """

    def __init__(self, title: str, out: TextIO):
        self._title = title
        self._display = Display(out, _PLAIN_SECONDS)
        self._reported: Counter = Counter()
        self._noted: set[int] = set()

    def show(self, snapshot: Snapshot, note: str = "") -> None:
        """Redraws, or adds lines for changes where the output is not a terminal.

        Args:
            snapshot: what to show.
            note: a further remark.
        """
        if self._display.in_place:
            self._redraw(snapshot, note)
        else:
            self._add(snapshot, note)

    def close(self) -> None:
        """Keeps the text on the screen and moves the cursor to a new line."""
        self._display.close()

    def _redraw(self, snapshot: Snapshot, note: str) -> None:
        counts = snapshot.counts
        shown = bar(counts["done"] / max(counts.total(), 1))
        self._display.draw(
            [
                f"{self._title}  {shown}  {snapshot.summary()}",
                *(f"  {text}" for text in snapshot.running.values()),
                *(f"  failed: {text}" for text in list(snapshot.failed.values())[-5:]),
                *([f"  {note}"] if note else []),
            ]
        )

    def _add(self, snapshot: Snapshot, note: str) -> None:
        lines = [f"failed: {snapshot.failed[num]}" for num in snapshot.failed.keys() - self._noted]
        self._noted |= snapshot.failed.keys()
        ended = Counter({name: snapshot.counts[name] for name in ("done", "failed")})
        if lines or ended != self._reported or self._display.is_due():
            self._reported = ended
            note = f"  ({note})" if note else ""
            self._display.draw([*lines, f"{self._title}: {snapshot.summary()}{note}"])


def _children(directory: Path) -> list[Path]:
    if not directory.is_dir():
        return []
    return [path for path in directory.iterdir() if not path.name.startswith(".")]


def _duration_of(attempt: Attempt) -> float:
    ended = attempt.path.stat().st_mtime
    return max(ended - attempt.claimed(ended), 0.0)
