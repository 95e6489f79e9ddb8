"""The one kind of error that a user can act on."""


class UserError(Exception):
    """Says in one sentence what was wrong, where, and what would be right.

    The commands print it without a traceback and leave with exit code 2.
    """
