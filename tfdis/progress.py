"""Shows progress: lines that are redrawn on a terminal, plain lines elsewhere."""

import contextlib
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

_REDRAW_SECONDS = 0.2
_RATE_WINDOW = 30


class Display:
    """The lines at the end of a terminal, redrawn in place; in a file, lines one by one.

    A closed output or a full disk behind it never stops the work that is shown.

    Args:
        stream: where to write.
        line_seconds: seconds between plain lines where `stream` is not a terminal.
        clock: seconds that only grow.

    Attributes:
        in_place: whether `stream` is a terminal.
    """

    def __init__(
        self, stream: TextIO, line_seconds: float, clock: Callable[[], float] = time.monotonic
    ):
        self.in_place = bool(getattr(stream, "isatty", lambda: False)())
        self._stream, self._clock = stream, clock
        self._interval = _REDRAW_SECONDS if self.in_place else line_seconds
        self._lines_shown = 0
        self._next = 0.0

    def is_due(self) -> bool:
        """Whether it is time to draw."""
        return self._clock() >= self._next

    def wait(self) -> None:
        """Postpones the next drawing."""
        self._next = self._clock() + self._interval

    def draw(self, lines: Sequence[str]) -> None:
        """Replaces the lines shown; in a file, appends them."""
        self.wait()
        if self.in_place:
            columns, rows = shutil.get_terminal_size()
            lines = [line[: columns - 1] for line in lines[: rows - 1]]
            self._write(self._clear() + "\n".join(lines))
            self._lines_shown = len(lines)
        else:
            self._write("".join(f"{line}\n" for line in lines))

    def message(self, text: str) -> None:
        """Prints a line that stays; the next drawing is below it."""
        self._write(f"{self._clear()}{text}\n")
        self._lines_shown = 0
        self._next = min(self._next, self._clock() + _REDRAW_SECONDS)

    def close(self) -> None:
        """Keeps the text on the screen and moves the cursor to a new line."""
        if self._lines_shown:
            self._write("\n")
            self._lines_shown = 0

    def _clear(self) -> str:
        if not self.in_place:
            return ""
        up = f"\x1b[{self._lines_shown - 1}A" if self._lines_shown > 1 else ""
        return f"\r{up}\x1b[J"

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


class ProgressBar:
    """How much is done, the rate, the time left, and values.

    `update` costs a look at the clock; only when it is time to draw are the values turned into
    numbers, so they may be tensors that are still being computed.

    Args:
        total: the amount when complete; None: not known.
        terms: names of the values to show, in this order, after the loss.
        unit: of what is counted.
        label: the text in front.
        stream: where to write; standard output by default.
        line_seconds: seconds between plain lines where `stream` is not a terminal.
        clock: seconds that only grow.

    Example:
        ```python
        bar = ProgressBar(20_000, ["reconstruction", "kl"])
        bar.start(0)
        bar.update(100, {"loss": 61.2, "reconstruction": 50.1, "kl": 11.1})
        bar.close()
        ```
    """

    def __init__(
        self,
        total: float | None,
        terms: Sequence[str] = (),
        unit: str = "steps",
        label: str = "",
        stream: TextIO | None = None,
        line_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.total, self.unit, self.label = total, unit, label
        self.terms = tuple(terms)
        self._clock = clock
        self._display = Display(sys.stdout if stream is None else stream, line_seconds, clock)
        self._history: deque[tuple[float, float]] = deque(maxlen=_RATE_WINDOW)
        self._latest: tuple[float, Mapping[str, Any]] | None = None
        self._after_first: tuple[float, float] | None = None

    def start(self, done: float = 0) -> None:
        """Starts the clock; `done` is already done (above 0 for a resumed run)."""
        self._history.clear()
        self._history.append((self._clock(), done))
        self._display.wait()
        self._latest = None

    def update(self, done: float, values: Mapping[str, Any] | None = None) -> None:
        """Records how much is done, and draws when it is due.

        Args:
            done: in all.
            values: the loss under "loss" and every term under its name; whatever `float` takes.
        """
        now = self._clock()
        if self._latest is None:
            self._after_first = (now, done)
        elif self._after_first is not None:
            # The first call compiles: only later calls predict the remaining time.
            self._history = deque([self._after_first], maxlen=_RATE_WINDOW)
            self._after_first = None
        self._latest = (done, values or {})
        if self._display.is_due():
            self._draw()

    def message(self, text: str) -> None:
        """Prints a separate line; the bar continues below it."""
        self._display.message(text)

    def close(self) -> None:
        """Draws the last state and leaves the cursor on a new line."""
        if self._latest is not None:
            self._draw()
            self._latest = None
        self._display.close()

    def _draw(self) -> None:
        done, values = self._latest
        if done > self._history[-1][1]:
            self._history.append((self._clock(), done))
        self._display.draw([self._line(done, values)])

    def _line(self, done: float, values: Mapping[str, Any]) -> str:
        (first_time, first), (last_time, last) = self._history[0], self._history[-1]
        seconds = last_time - first_time
        rate = (last - first) / seconds if seconds > 0 else 0.0
        parts = [self.label] if self.label else []
        if self.total is None:
            parts.append(f"{_number(done)} {self.unit}")
        else:
            total = _number(self.total)
            parts.append(f"{_number(done):>{len(total)}}/{total}")
            if self._display.in_place:
                parts.append(bar(done / max(self.total, 1)))
        parts.append(f"{rate:,.1f} {self.unit}/s" if rate >= 1 else f"{rate:.2f} {self.unit}/s")
        if self.total is not None:
            parts.append(f"{duration((self.total - done) / rate) if rate > 0 else '--:--'} left")
        parts += [
            f"{name} {float(values[name]):.4g}" for name in ("loss", *self.terms) if name in values
        ]
        return "  ".join(parts)


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


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
