"""The traversals inside a report; the files of the other models are linked."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path

from tfdis.study.left_out import leave_out
from tfdis.study.report_read import StudyModel

# A picture takes tens of KB: a page of 48 is sent by mail and opens at once.
_MAX_EMBEDDED = 48
_PREFERRED = ("traversal_range_fixed_1.png", "traversal_quantiles_fixed_1.png")


def traversal_file(output_dir: Path) -> Path | None:
    """The traversal of a model, from the same first image for all models."""
    for folder in (output_dir / "visualizations", output_dir / "model" / "visualizations"):
        for name in _PREFERRED:
            if (folder / name).is_file():
                return folder / name
        others = sorted(folder.glob("traversal_*.png"))
        if others:
            return others[0]
    return None


def models_to_embed(runs: Sequence[StudyModel], score: str | None) -> list[int]:
    """The models whose traversal goes into the page: all, or the best of each algorithm.

    Args:
        runs: the models of the study that have a traversal.
        score: names the score by which the best is found; None takes the first model.
    """
    if len(runs) <= _MAX_EMBEDDED:
        return [run.model_num for run in runs]
    best: dict[tuple[str, str], StudyModel] = {}
    for run in runs:
        key = run.data_set, run.algorithm
        if key not in best or _score(run, score) > _score(best[key], score):
            best[key] = run
    return [run.model_num for run in list(best.values())[:_MAX_EMBEDDED]]


def data_uri(path: Path) -> str | None:
    """A picture at half its size as a data URI; a WebP takes a sixth of the PNG's bytes.

    None, with a warning, where the file is not a picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as picture:
            whole = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        leave_out(f"{path} is damaged or not a picture: {error}.")
        return None
    half = whole.reduce(2) if whole.width > 400 else whole
    content = io.BytesIO()
    half.save(content, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(content.getvalue()).decode()


def _score(run: StudyModel, score: str | None) -> float:
    return run.scores.get(score or "", float("-inf"))
