"""The results of many runs in one table."""

import glob
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfdis.errors import UserError
from tfdis.results import written_aside
from tfdis.study.left_out import read_or_leave_out

if TYPE_CHECKING:
    import pandas as pd


def aggregate_results(result_file_pattern: str) -> "pd.DataFrame":
    """One row per result file, one column per key, and the file's path.

    Args:
        result_file_pattern: names JSON files, such as
            `output/*/metrics/*/*/results/aggregate/evaluation.json`; `**` stands for any depth.

    Raises:
        UserError: there is no such file. A file that is not a dictionary is skipped with a warning.
    """
    import pandas as pd

    paths = sorted(glob.glob(result_file_pattern, recursive=True))  # noqa: PTH207
    if not paths:
        raise UserError(
            f"No file matches '{result_file_pattern}': name the aggregate files of some runs."
        )
    found = {path: read_or_leave_out(Path(path)) for path in paths}
    rows = [{**content, "path": path} for path, content in found.items() if content]
    if not rows:
        raise UserError(f"No file that matches '{result_file_pattern}' holds results.")
    return pd.DataFrame(rows)


def write_aggregated_results(
    table: "pd.DataFrame", output_path: str | os.PathLike
) -> tuple[Path, Path]:
    """Writes a table twice: as JSON (disentanglement_lib's layout) and, beside it, as CSV.

    Args:
        table: from `aggregate_results`.
        output_path: ends in .json; the CSV file has the same name but for that.

    Returns:
        the two paths.

    Raises:
        UserError: a file cannot be written, or output_path ends in something else.
    """
    json_path = Path(output_path)
    if json_path.suffix != ".json":
        raise UserError(f"The output path must end in .json; received '{output_path}'.")
    csv_path = json_path.with_suffix(".csv")
    # One in the other: neither takes its name before both are written.
    with written_aside(json_path) as json_file:
        table.to_json(json_file)
        with written_aside(csv_path) as csv_file:
            table.map(_cell).to_csv(csv_file, index=False)
    return json_path, csv_path


def load_aggregated_results(source_path: str | os.PathLike) -> "pd.DataFrame":
    """The table in a JSON file that `write_aggregated_results` or disentanglement_lib wrote.

    Texts that are numbers become numbers, so that values of gin bindings can be plotted.

    Raises:
        UserError: the file is missing or is not such a table.

    Example:
        >>> table = load_aggregated_results("results.json")
        >>> table.groupby("train_config.beta_tc_vae.beta")["evaluation_results.discrete_mig"].mean()
    """
    import pandas as pd

    try:
        return pd.read_json(source_path, orient="columns")
    except (OSError, ValueError) as error:
        raise UserError(
            f"{source_path} could not be read as a table of results: {error}."
        ) from error


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value
