"""TensorFlow's complaints about a disk in the operating system's words."""

import contextlib
import re
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def os_errors() -> Iterator[None]:
    """Makes what TensorFlow raises while it writes files an OSError of one short sentence."""
    try:
        yield
    except tf.errors.OpError as error:
        # "<function>/<path of a temporary file>; No space left on device [Op:SaveV2]"; of a graph
        # it comes after lines that say where each operation was made.
        said = re.findall(r"; ([^;\[\n]+?)\s*(?:\[|$)", error.message, re.MULTILINE)
        raise OSError(said[-1] if said else error.message) from error
