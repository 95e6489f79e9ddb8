"""Turns TensorFlow's errors about a disk into the operating system's."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def os_errors() -> Iterator[None]:
    """Turns TensorFlow's errors while it writes files into an OSError of one short sentence."""
    try:
        yield
    except tf.errors.OpError as error:
        # "<function>/<path of a temporary file>; No space left on device [Op:SaveV2]"; of a graph
        # it comes after lines that say where each operation was made.
        said = re.findall(r"; ([^;\[\n]+?)\s*(?:\[|$)", error.message, re.MULTILINE)
        raise OSError(said[-1] if said else error.message) from error
