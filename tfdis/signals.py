"""SIGINT (Ctrl-C) and SIGTERM, for the time of a `with` block."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """A run was asked to stop, and stopped after saving its state.

    Args:
        message: says how to continue.
        signal_number: the signal.
    """

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.signal_number = signal_number


class Interrupt:
    """Whether a signal has come, and which."""

    signal_number: int | None = None

    def __bool__(self) -> bool:
        return self.signal_number is not None


@contextlib.contextmanager
def trapped(handle: Callable[[int], None]) -> Iterator[dict[int, Any]]:
    """Calls `handle` with the number of every signal that arrives; yields the previous handlers.

    Outside the main thread, where Python has no signals, it is never called.
    """
    if threading.current_thread() is not threading.main_thread():
        yield {}
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        handle(number)

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield before
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def noticed() -> Iterator[Interrupt]:
    """Remembers the first signal until the work reaches a point where it can stop.

    A second one acts as usual.
    """
    interrupt = Interrupt()

    def note(number: int) -> None:
        interrupt.signal_number = number
        signal.signal(number, before[number])

    with trapped(note) as before:
        yield interrupt
