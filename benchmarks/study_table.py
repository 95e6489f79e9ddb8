"""The scores of a study as a Markdown table: mean over seeds and its 95% interval (Student's t).

One row per value of the bindings in --by, which all but the seed should be:

    python benchmarks/study_table.py output/latents --by dataset.name model.name \
        --scores mean/infomec/infom mean/mig/discrete_mig training/reconstruction_loss

The seconds of training are the clock's; the last column is the number of models.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tfdis.models.card import table
from tfdis.results import read_json
from tfdis.statistics.intervals import mean_interval
from tfdis.study.report_read import read_models
from tfdis.study.study import load_study


def main(argv: Sequence[str] | None = None) -> None:
    """Reads the study and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    parser.add_argument("--by", nargs="+", default=["model.name"], metavar="BINDING")
    parser.add_argument("--scores", nargs="+", required=True, metavar="SCORE")
    arguments = parser.parse_args(argv)
    print(study_table(arguments.directory, arguments.by, arguments.scores))


def study_table(directory: Path, by: Sequence[str], scores: Sequence[str]) -> str:
    """The table, its rows in the order of the study's models."""
    study, groups = load_study(directory), {}
    for run in read_models(directory, study):
        results = directory / str(run.model_num) / "model/results/json/train_results.json"
        if results.is_file():
            row = [run.scores.get(score, float("nan")) for score in scores]
            row.append(read_json(results)["elapsed_time"])
            setting = study.settings[run.model_num]
            groups.setdefault(tuple(str(setting[name]) for name in by), []).append(row)
    names = [*(score.split("/")[-1] for score in scores), "training, s"]
    digits = [0 if name in ("reconstruction_loss", "training, s") else 2 for name in names]
    lines = [
        [*values, *map(_cell, zip(*rows), digits), str(len(rows))]
        for values, rows in groups.items()
    ]
    return table([*by, *names, "models"], lines)


def _cell(values: Sequence[float], digits: int) -> str:
    around = mean_interval(values)
    if around is None or around.low is None:
        return "" if around is None else f"{around.mean:.{digits}f}"
    return f"{around.mean:.{digits}f} [{around.low:.{digits}f}, {around.high:.{digits}f}]"


if __name__ == "__main__":
    main()
