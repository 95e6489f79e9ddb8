"""Ctrl-C and SIGTERM, taken note of until the loop comes to a place where it can stop."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Interrupted(Exception):
    """A run was asked to stop and did, after saving its state.

    Args:
        message: says how to go on.
        signal_number: what asked.
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
def noticed() -> Iterator[Interrupt]:
    """Notes SIGINT and SIGTERM for the time of a `with` block; a second one acts as usual.

    Outside the main thread, where Python has no signals, nothing is ever noted.
    """
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        interrupt.signal_number = number
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, note)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
