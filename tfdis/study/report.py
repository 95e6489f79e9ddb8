"""A study as one HTML page that needs no network: tables, charts and pictures in one file."""

import html
import json
import os
from pathlib import Path
from typing import Any

from tfdis.results import refuse_foreign, write_text
from tfdis.study.compare import page_comparisons
from tfdis.study.report_data import page_data
from tfdis.study.report_read import read_models
from tfdis.study.study import load_study

_PAGE = Path(__file__).parent / "report_page"
_MARK = ": report of a study</title>"
_SCRIPTS = ("data.js", "svg.js", "models.js", "distributions.js", "comparisons.js",
            "correlations.js", "chosen.js",
            "run.js", "page.js")  # fmt: skip


def write_report(directory: str | Path, output: str | Path | None = None) -> Path:
    """Writes the report of a study, finished or not.

    Args:
        directory: the study's directory.
        output: the page's file; by default `report.html` in the directory.

    Returns:
        The page's file.

    Raises:
        UserError: the directory holds no study, or the page cannot be written, or it would replace
            a file that is not a report.
    """
    directory = Path(directory)
    output = Path(output) if output is not None else directory / "report.html"
    refuse_foreign(output, _MARK, "a report")
    study = load_study(directory)
    runs = read_models(directory, study)
    data = page_data(directory, study, runs)
    data["comparisons"] = page_comparisons(study, runs)
    # Links to a run's files stay valid when the page and the study are moved together.
    data["base"] = Path(os.path.relpath(directory, output.parent)).as_posix()
    write_text(output, render(data))
    return output


def render(data: dict[str, Any]) -> str:
    """The page of `page_data`."""
    # In a script element only "</" and "<!--" could be read as the element's end.
    content = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "TITLE": html.escape(data["name"]),
        "STYLE": (_PAGE / "page.css").read_text(),
        "SCRIPT": "\n".join((_PAGE / name).read_text() for name in _SCRIPTS),
        "DATA": content,
    }
    page = (_PAGE / "page.html").read_text()
    for name, text in parts.items():
        page = page.replace(f"@@{name}@@", text)
    return page
