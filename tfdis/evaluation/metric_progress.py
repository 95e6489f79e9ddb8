"""Shows the progress of an evaluation: which metric, and how many images are encoded."""

import sys
from typing import TextIO

from tfdis.progress import Display, bar

_LINE_SECONDS = 10.0


class MetricProgress:
    """Shows which of several metrics is computed, and how many images are encoded for it.

    Args:
        num_metrics: how many metrics there are.
        stream: where to write; standard error by default.
    """

    def __init__(self, num_metrics: int, stream: TextIO | None = None):
        self._num_metrics = num_metrics
        self._display = Display(sys.stderr if stream is None else stream, _LINE_SECONDS)
        self._number = 0
        self._name = ""

    def metric(self, name: str) -> None:
        """Begins the next metric."""
        self._number += 1
        self._name = name
        self._show("")

    def encoded(self, done: int, total: int) -> None:
        """Shows how many of the images that the metric needs are encoded."""
        if self._display.is_due():
            self._show(f"  encoded {done:,}/{total:,} images")
        if done == total and self._display.in_place:
            self._show("")

    def close(self) -> None:
        """Leaves the cursor on a new line."""
        self._display.close()

    def _show(self, what: str) -> None:
        parts = [f"{self._number}/{self._num_metrics}"]
        if self._display.in_place:
            parts.append(bar((self._number - 1) / self._num_metrics))
        self._display.draw(["  ".join([*parts, self._name]) + what])
