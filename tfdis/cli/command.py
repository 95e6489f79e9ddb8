"""What all commands share: how an error, or a signal, reaches the user."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Sequence

from tfdis import tensorflow_import
from tfdis.errors import UserError, without_gins_trace
from tfdis.signals import Interrupted, trapped


class _Stopped(BaseException):
    """A signal that arrived while nothing else was handling signals."""


def run_command(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None = None,
    go_on: str = "no half-written file is left under its final name",
) -> int:
    """Parses `argv` and runs the command.

    An error that the user can act on becomes one sentence and exit code 2: a UserError, and what
    the system says of a path (too long, not permitted, a file in place of a directory). SIGINT
    (Ctrl-C) and SIGTERM become one sentence and exit code 130 or 143 at any time.

    Args:
        parser: of the command.
        command: gets what was parsed.
        argv: the arguments; None: those of the process.
        go_on: the end of the sentence after a signal.
    """
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args(argv)
    tensorflow_import.prepare()
    came: list[int] = []

    def stop(number: int) -> None:
        came.append(number)
        raise _Stopped

    with trapped(stop):
        try:
            _import_and_perform(command, arguments)
        except SystemExit:
            raise
        except Interrupted as stopped:
            print(f"{parser.prog}: {without_gins_trace(stopped)}", file=sys.stderr)
            return 128 + stopped.signal_number
        except (UserError, OSError) as error:
            sentence = _sentence(error)
            if arguments.debug or not (sentence or came):
                raise
            if not came:
                print(f"{parser.prog}: {sentence}", file=sys.stderr)
                return 2
        except BaseException:
            # A library may report an error of its own for a signal that arrived in it: omit that.
            if not came or arguments.debug:
                raise
        else:
            return 0
    number = came[0]
    print(f"{parser.prog}: stopped by {signal.Signals(number).name}; {go_on}.", file=sys.stderr)
    return 128 + number


def _import_and_perform(
    command: Callable[[argparse.Namespace], None], arguments: argparse.Namespace
) -> None:
    if getattr(arguments, "imports", []):
        from tfdis.own_modules import import_modules

        import_modules(arguments.imports)
    with contextlib.ExitStack() as stack:
        if getattr(arguments, "gin_bindings", []):
            from tfdis.gin_lines import typed

            stack.enter_context(typed(arguments.gin_bindings))
        if getattr(arguments, "strict", False):
            from tfdis.unused_bindings import strictly

            stack.enter_context(strictly())
        command(arguments)


def _sentence(error: UserError | OSError) -> str | None:
    """What the user is told about an error; None for an OSError without a path."""
    if isinstance(error, UserError):
        return without_gins_trace(error)
    while error.filename is None and isinstance(error.__context__, OSError):
        error = error.__context__  # gin raises a copy without the path
    if error.filename is None:
        return None
    path = str(error.filename)
    shown = path if len(path) < 300 else f"{path[:100]}... ({len(path):,} characters)"
    return f"{shown}: {error.strerror}."
