"""Reads progress.jsonl, which training writes: a JSON object per line, with a step and numbers."""

import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfdis.errors import UserError


def parse_line(line: bytes | str) -> dict[str, Any] | None:
    """The content of a line; None where it is not a JSON object with a number of steps."""
    try:
        values = json.loads(line)
        return values if 0 <= values["step"] < math.inf else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def refuse(sentence: str) -> None:
    """Raises a `UserError` of this sentence."""
    raise UserError(sentence)


def read_points(
    path: str | os.PathLike,
    most: int | None = None,
    damaged: Callable[[str], None] = refuse,
) -> list[dict[str, Any]]:
    """The lines of a progress.jsonl in the order of their steps, one per step.

    A last line that was cut off is left out; where a step is in several lines, they are joined,
    and the later one counts.

    Args:
        path: the file.
        most: how many lines to read, 2 at least, evenly spaced, the last included; None: all.
        damaged: called with a sentence on each line that cannot be read.

    Raises:
        UserError: the file or a line cannot be read, unless `damaged` says otherwise.
    """
    try:
        lines = Path(path).read_text().splitlines()
    except (OSError, ValueError) as error:
        damaged(f"{path} could not be read: {getattr(error, 'strerror', None) or error}.")
        return []
    last = len(lines) - 1
    count = len(lines) if most is None else min(most, len(lines))
    by_step: dict[float, dict[str, Any]] = {}
    for index in [round(i * last / max(count - 1, 1)) for i in range(count)]:
        point = parse_line(lines[index])
        if point is not None:
            by_step.setdefault(point["step"], {}).update(point)
        elif index < last:
            damaged(
                f"Line {index + 1} of {path} is not a JSON object with a step: {lines[index][:60]}"
            )
    return [by_step[step] for step in sorted(by_step)]


def read_curves(path: str | os.PathLike) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Steps and values by name, the loss first; values that are not finite are left out.

    Raises:
        UserError: the file is missing or is of another kind.
    """
    points = read_points(path)
    names = dict.fromkeys(
        name
        for point in points
        for name, value in point.items()
        if name != "step" and isinstance(value, int | float)
    )
    curves = {}
    for name in sorted(names, key=lambda name: name != "loss"):
        pairs = [(point["step"], point[name]) for point in points if name in point]
        steps, values = np.array(pairs, dtype=np.float64).T
        finite = np.isfinite(values)
        if finite.any():
            curves[name] = steps[finite], values[finite]
    return curves


def last_step(path: Path) -> int:
    """The last step in the file; 0 where it has none."""
    try:
        with path.open("rb") as lines:
            lines.seek(max(0, path.stat().st_size - 4096))
            complete = lines.read().rpartition(b"\n")[0]
        last = parse_line(complete.splitlines()[-1])
    except (OSError, IndexError):
        return 0
    return int(last["step"]) if last else 0
