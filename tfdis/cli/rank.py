"""tfdis-rank: ranks models of one kind without labels."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-rank",
        description="Ranks models that differ by their seed alone, by how far their latents match "
        "one to one (UDR; Duan et al., 2020). No factors are needed.",
        epilog="example: tfdis-rank --output_dir=ranking runs/seed0 runs/seed1 runs/seed2",
    )
    parser.add_argument("model_dirs", nargs="+", metavar="DIR", help="the models, two or more")
    parser.add_argument("--output_dir", required=True, metavar="DIR", help="where to write")
    add_gin(parser, "ranking/udr_spearman.gin, or your own (default: ranking/udr_lasso.gin)")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing ranking")
    return run_command(parser, _rank, argv)


def _rank(arguments: argparse.Namespace) -> None:
    from tfdis.evaluation.ranking import rank_with_gin

    scores = rank_with_gin(
        arguments.model_dirs,
        arguments.output_dir,
        arguments.overwrite,
        arguments.gin_file or ["ranking/udr_lasso.gin"],
        arguments.gin_bindings,
    )
    ranked = sorted(zip(scores["model_scores"], scores["model_dirs"]), reverse=True)
    for score, model_dir in ranked:
        print(f"{score:.4f}  {model_dir}")
    print(f"Written: {arguments.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
