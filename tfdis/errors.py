"""The one kind of error that a user can act on."""

import re


class UserError(Exception):
    """Says in one sentence what was wrong, where, and what would be right.

    The commands print it without a traceback and leave with exit code 2.
    """


def without_gins_trace(error: BaseException) -> str:
    """The message of an error, without the lines that gin adds for each configurable and file."""
    return re.split(r"\n  In (?:call to configurable|file) ", str(error))[0]
