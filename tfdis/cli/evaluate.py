"""tfdis-evaluate: scores a trained model."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from numbers import Real
from pathlib import Path
from typing import Any

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-evaluate",
        description="Scores a model: of this library, or a TF-Hub module of disentanglement_lib.",
        epilog="example: tfdis-evaluate --model_dir=models/beta_tcvae --output_dir=scores "
        "--metrics=mig,dci,sap_score,factor_vae_score,beta_vae_sklearn,irs",
    )
    parser.add_argument("--model_dir", required=True, metavar="DIR", help="the model")
    parser.add_argument(
        "--output_dir",
        required=True,
        metavar="DIR",
        help="where to write; with --metrics, one directory per metric below it",
    )
    parser.add_argument(
        "--metrics",
        metavar="NAME,NAME",
        help="metrics, with the parameters of gin_configs/metrics; all of them share one encoding",
    )
    add_gin(parser, "such as disentanglement_lib's metric_configs; repeat it for several")
    parser.add_argument(
        "--reference",
        action="store_true",
        help="also run disentanglement_lib's own functions on the same codes and draws, and print "
        "both; its DCI takes minutes",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing scores")
    return run_command(parser, _evaluate, argv)


def _evaluate(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.evaluation.evaluate import evaluate_metrics, evaluate_with_gin

    common = arguments.model_dir, arguments.output_dir
    if arguments.metrics is not None:
        names = [name.strip() for name in arguments.metrics.split(",") if name.strip()]
        found = evaluate_metrics(
            *common,
            names,
            arguments.overwrite,
            arguments.gin_file,
            arguments.gin_bindings,
            arguments.reference,
        )
    elif arguments.reference:
        raise UserError("--reference compares the metrics that --metrics names: name some.")
    elif arguments.gin_file or arguments.gin_bindings:
        scores = evaluate_with_gin(
            *common, arguments.overwrite, arguments.gin_file, arguments.gin_bindings
        )
        found = {"": scores}
    else:
        raise UserError("Name metrics, such as --metrics=mig,dci, or a gin file.")
    for metric, scores in found.items():
        print_scores(scores, f"{metric}." if metric else "")
        if arguments.reference:
            _print_reference(Path(arguments.output_dir) / metric, metric)
    print(f"Written: {arguments.output_dir}")


def print_scores(scores: Mapping[str, Any], prefix: str = "") -> None:
    """Prints all but the time taken, one a line; what is no number, as it is."""
    for key, value in scores.items():
        if key != "elapsed_time":
            print(f"{prefix}{key}: {f'{value:.6g}' if isinstance(value, Real) else value}")


def _print_reference(directory: Path, metric: str) -> None:
    from tfdis.results import read_json

    compared = read_json(directory / "results" / "json" / "reference_results.json")
    width = max(map(len, compared), default=0) + len(metric) + 1
    print(f"{'':<{width}}  {'ours':>12}  {'disentanglement_lib':>19}  {'difference':>10}")
    for score, row in compared.items():
        theirs, difference = row["disentanglement_lib"], row["difference"]
        print(
            f"{metric + '.' + score:<{width}}  {row['ours']:>12.6g}  {theirs:>19.6g}  "
            f"{difference:>10.1e}"
        )


if __name__ == "__main__":
    sys.exit(main())
