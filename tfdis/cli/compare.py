"""tfdis-compare: tests whether one setting of a study is better than another, over paired seeds."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.checks import Positive
from tfdis.cli.arguments import of
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        "tfdis-compare",
        description="Compares the settings of a study over pairs of models that differ in "
        "one binding only: permutation test and bootstrap of the paired differences, Holm's "
        "correction over all comparisons, interquartile means and probability of improvement.",
        epilog="example: tfdis-compare output/small --by=model.name --score=mig",
    )
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    parser.add_argument(
        "--by", required=True, metavar="NAME", help="the binding whose values are compared"
    )
    parser.add_argument(
        "--score",
        required=True,
        metavar="NAME",
        help="a metric, such as mig, or a score's whole name, such as mean/mig/discrete_mig",
    )
    parser.add_argument(
        "--difference",
        type=of(Positive),
        metavar="D",
        help="say how many seeds would find a difference of D (default: of the one seen)",
    )
    return run_command(parser, _compare, argv)


def _compare(arguments: argparse.Namespace) -> None:
    from tfdis.study.compare import compare

    name, sides, found = compare(
        arguments.directory, arguments.by, arguments.score, arguments.difference
    )
    rows = [["setting", "models", "mean", "interquartile mean [95%]"]]
    for side in sides:
        interval = f"{side.interquartile_mean:.4f} [{side.low:.4f}, {side.high:.4f}]"
        rows.append([side.value, str(side.num_models), f"{side.mean:.4f}", interval])
    print(f"{name} by {arguments.by}\n")
    print(_table(rows))
    rows = [["first", "second", "pairs", "difference [95%]", "p", "Holm", "better", "seeds"]]
    for each in found:
        interval = f"{each.difference:+.4f} [{each.low:+.4f}, {each.high:+.4f}]"
        rows.append(
            [
                each.first,
                each.second,
                str(each.num_pairs),
                interval,
                f"{each.p_value:.4f}",
                f"{each.corrected:.4f}",
                f"{each.improvement:.2f}",
                "-" if each.seeds is None else str(each.seeds),
            ]
        )
    print(f"\n{_table(rows)}\n")
    size = "the difference" if arguments.difference is None else f"{arguments.difference:g}"
    print(
        "p: permutation test of paired differences; Holm: corrected for all comparisons; better: "
        f"the probability that first scores more than second; seeds: pairs to find {size} with "
        "power 0.8 at 0.05."
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    )


if __name__ == "__main__":
    sys.exit(main())
