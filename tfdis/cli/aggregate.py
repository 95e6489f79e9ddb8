"""tfdis-aggregate: the results of many runs in one JSON and one CSV file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-aggregate",
        description="Collects the results of many runs in one JSON file, as disentanglement_lib's "
        "tools read it, and the same as CSV: a row per result file, a column per key.",
        epilog="example: tfdis-aggregate "
        "--result_file_pattern='output/*/results/aggregate/train.json' --output_path=train.json",
    )
    parser.add_argument(
        "--result_file_pattern",
        default="output/*/metrics/*/*/results/aggregate/evaluation.json",
        metavar="'PATTERN'",
        help="the result files, quoted so that the shell leaves it alone (default: %(default)s)",
    )
    parser.add_argument(
        "--output_path",
        default="results.json",
        metavar="FILE.json",
        help="where to write; the CSV file goes beside it (default: %(default)s)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing files")
    return run_command(parser, _aggregate, argv)


def _aggregate(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.study.aggregate import aggregate_results, write_aggregated_results

    output = Path(arguments.output_path)
    there = [path for path in (output, output.with_suffix(".csv")) if path.exists()]
    if there and not arguments.overwrite:
        raise UserError(f"{there[0]} already exists: pass --overwrite to replace it.")
    table = aggregate_results(arguments.result_file_pattern)
    paths = write_aggregated_results(table, output)
    print(f"{len(table)} results with {table.shape[1]} keys, written:", *paths, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
