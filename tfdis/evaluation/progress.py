"""Shows how far an evaluation is: which metric, and how many images are encoded."""

import sys
import time
from typing import TextIO

_REDRAW_SECONDS = 0.2
_LINE_SECONDS = 10.0


class EvaluationProgress:
    """A line that renews itself on a terminal, plain lines elsewhere.

    Args:
        num_metrics: how many metrics there are.
        stream: where to write; standard error by default.
    """

    def __init__(self, num_metrics: int, stream: TextIO | None = None):
        self._num_metrics = num_metrics
        self._stream = sys.stderr if stream is None else stream
        self._in_place = bool(getattr(self._stream, "isatty", lambda: False)())
        self._number = 0
        self._name = ""
        self._next = 0.0

    def metric(self, name: str) -> None:
        """Begins the next metric."""
        self._number += 1
        self._name = name
        self._show("")

    def encoded(self, done: int, total: int) -> None:
        """Takes note of how many of the images that the metric lacked are encoded."""
        if time.monotonic() >= self._next:
            self._show(f"  encoded {done:,} of {total:,} images")
        if done == total and self._in_place:
            self._show("")

    def close(self) -> None:
        """Leaves the cursor on a new line."""
        if self._in_place:
            self._write("\n")

    def _show(self, what: str) -> None:
        line = f"[{self._number}/{self._num_metrics}] {self._name}{what}"
        self._write(f"\r\x1b[K{line}" if self._in_place else f"{line}\n")
        self._next = time.monotonic() + (_REDRAW_SECONDS if self._in_place else _LINE_SECONDS)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
