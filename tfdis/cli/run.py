"""What all commands share: how an error reaches the user."""

import argparse
import sys
from collections.abc import Callable, Sequence

from tfdis.errors import UserError, without_gins_trace


def run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None = None,
) -> int:
    """Parses `argv`, runs the command, and turns a UserError into one sentence and exit code 2."""
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    arguments = parser.parse_args(argv)
    try:
        command(arguments)
    except UserError as error:
        if arguments.debug:
            raise
        print(f"{parser.prog}: {without_gins_trace(error)}", file=sys.stderr)
        return 2
    return 0
