"""Reports the files of a study that cannot be read and are left out, in one sentence each."""

import functools
import sys
from pathlib import Path
from typing import Any

from tfdis.errors import UserError
from tfdis.results import read_json


@functools.cache  # once per process: a running study is looked at every second
def leave_out(sentence: str) -> None:
    """Warns that something is left out.

    Args:
        sentence: what it is, and why.
    """
    print(f"Left out: {sentence}", file=sys.stderr)


def read_or_leave_out(path: Path) -> dict[str, Any]:
    """A dictionary from a JSON file; empty where there is none, or where it is left out."""
    if not path.exists():
        return {}  # a stage that has not been reached yet leaves no file
    try:
        return read_json(path)
    except UserError as error:
        leave_out(str(error))
        return {}
