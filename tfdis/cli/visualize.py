"""tfdis-visualize: draws a trained model again."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-visualize",
        description="Draws a model's reconstructions, traversals, KL, mutual information and "
        "learning curves, with the gin config of its training.",
        epilog="example: tfdis-visualize --model_dir=models/beta_tcvae --output_dir=pictures "
        "--gin_bindings='draw_all.traversal_range = 3.0'",
    )
    parser.add_argument(
        "--model_dir",
        required=True,
        metavar="DIR",
        help="a directory of tfdis-train, one of its checkpoints (DIR/checkpoints/00005000), or a "
        "TF-Hub module of disentanglement_lib's training",
    )
    parser.add_argument(
        "--output_dir",
        metavar="DIR",
        required=True,
        help="where to write",
    )
    add_gin(parser, "read after the training's own config; repeat it for several")
    parser.add_argument("--overwrite", action="store_true", help="replace existing pictures")
    return run_command(parser, _visualize, argv)


def _visualize(arguments: argparse.Namespace) -> None:
    from tfdis.visualize.visualize import visualize_with_gin

    drawn = visualize_with_gin(
        arguments.model_dir,
        arguments.output_dir,
        arguments.overwrite,
        arguments.gin_file,
        arguments.gin_bindings,
    )
    print(drawn.information)
    print("Written:", *drawn.paths, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
