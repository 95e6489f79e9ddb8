"""Shows how far a run is: a line that renews itself on a terminal, plain lines elsewhere."""

import contextlib
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

_REDRAW_SECONDS = 0.2
_RATE_WINDOW = 30


class ProgressBar:
    """Rate, time left, the loss and every term of a run.

    `update` costs a look at the clock; only when it is time to draw are the values turned into
    numbers, so they may be tensors that are still being computed.

    Args:
        total_steps: the step at which the run is complete.
        terms: names of the values to show, in this order, after the loss.
        stream: where to write; standard output by default.
        line_seconds: seconds between plain lines where `stream` is no terminal.
        clock: seconds that only grow.

    Example:
        ```python
        bar = ProgressBar(20_000, ["reconstruction", "kl"])
        bar.start(step=0)
        bar.update(100, {"loss": 61.2, "reconstruction": 50.1, "kl": 11.1})
        bar.close()
        ```
    """

    def __init__(
        self,
        total_steps: int,
        terms: Sequence[str] = (),
        stream: TextIO | None = None,
        line_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total_steps = total_steps
        self.terms = tuple(terms)
        self._stream = sys.stdout if stream is None else stream
        self._in_place = bool(getattr(self._stream, "isatty", lambda: False)())
        self._interval = _REDRAW_SECONDS if self._in_place else line_seconds
        self._clock = clock
        self._history: deque[tuple[float, int]] = deque(maxlen=_RATE_WINDOW)
        self._next_draw = 0.0
        self._latest: tuple[int, Mapping[str, Any]] | None = None
        self._after_first: tuple[float, int] | None = None
        self._line_on_screen = False

    def start(self, step: int) -> None:
        """Begins to count time, at `step` (above 0 for a resumed run)."""
        now = self._clock()
        self._history.clear()
        self._history.append((now, step))
        self._next_draw = now + self._interval
        self._latest = None

    def update(self, step: int, values: Mapping[str, Any]) -> None:
        """Takes note of the values after `step` steps, and draws when it is time to.

        Args:
            step: steps done.
            values: the loss under "loss" and every term under its name; whatever `float` takes.
        """
        now = self._clock()
        if self._latest is None:
            self._after_first = (now, step)
        elif self._after_first is not None:
            # The first call compiles: only what follows it tells how long the rest takes.
            self._history = deque([self._after_first], maxlen=_RATE_WINDOW)
            self._after_first = None
        self._latest = (step, values)
        if now >= self._next_draw:
            self._draw(now)

    def message(self, text: str) -> None:
        """Prints a line of its own; the bar goes on below it."""
        self._write(f"{self._clear()}{text}\n")
        self._line_on_screen = False
        self._next_draw = min(self._next_draw, self._clock() + _REDRAW_SECONDS)

    def close(self) -> None:
        """Draws the last state and leaves the cursor on a new line."""
        if self._latest is not None:
            self._draw(self._clock())
            self._latest = None
        if self._line_on_screen:
            self._write("\n")
            self._line_on_screen = False

    def _draw(self, now: float) -> None:
        step, values = self._latest
        if step > self._history[-1][1]:
            self._history.append((now, step))
        self._next_draw = now + self._interval
        line = self._line(step, values)
        if not self._in_place:
            self._write(f"{line}\n")
            return
        width = shutil.get_terminal_size().columns
        self._write(f"{self._clear()}{line[: width - 1]}")
        self._line_on_screen = True

    def _line(self, step: int, values: Mapping[str, Any]) -> str:
        (first_time, first_step), (last_time, last_step) = self._history[0], self._history[-1]
        seconds = last_time - first_time
        rate = (last_step - first_step) / seconds if seconds > 0 else 0.0
        left = duration((self.total_steps - step) / rate) if rate > 0 else "--:--"
        parts = [f"{step:>{len(str(self.total_steps))}}/{self.total_steps}"]
        if self._in_place:
            parts.append(bar(step / max(self.total_steps, 1)))
        parts.append(f"{rate:.1f} steps/s" if rate >= 1 else f"{rate:.2f} steps/s")
        parts.append(f"{left} left")
        parts += [
            f"{name} {float(values[name]):.4g}" for name in ("loss", *self.terms) if name in values
        ]
        return "  ".join(parts)

    def _clear(self) -> str:
        return "\r\x1b[K" if self._in_place else ""

    def _write(self, text: str) -> None:
        # A closed pipe or a full disk behind the output must not end the training.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def bar(fraction: float, width: int = 20) -> str:
    """`[####----]`, filled to a fraction in [0, 1]."""
    filled = round(width * min(max(fraction, 0.0), 1.0))
    return f"[{'#' * filled}{'-' * (width - filled)}]"


def duration(seconds: float) -> str:
    """Seconds as `12:05`, `3:07:45` or `2d 03:07:45`."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if days:
        return f"{days}d {hour:02}:{minute:02}:{second:02}"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute:02}:{second:02}"
