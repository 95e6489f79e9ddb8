"""tfdis-report: one HTML page that shows a study."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        "tfdis-report",
        description="Writes one HTML page with all of a study's models and scores, intervals over "
        "seeds, rank correlations of the metrics, learning curves and traversals. It needs no "
        "network, and the study may still be running.",
    )
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="the page (default: report.html in it)"
    )
    return run_command(parser, _report, argv)


def _report(arguments: argparse.Namespace) -> None:
    from tfdis.study.report import write_report

    path = write_report(arguments.directory, arguments.output)
    print(f"{path} ({path.stat().st_size / 1e6:.1f} MB) is written: open it in a browser.")


if __name__ == "__main__":
    sys.exit(main())
