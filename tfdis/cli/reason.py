"""tfdis-reason: trains a model to solve Raven-like matrices."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-reason",
        description="Trains a model to complete Raven-like matrices: on images, on the true "
        "factors, or on the representation of a trained model, as dlib_reason does.",
        epilog="example: tfdis-reason --gin_file=reasoning/pixels.gin --output_dir=models/pixels",
    )
    parser.add_argument(
        "--input_dir",
        metavar="DIR",
        help="the directory that tfdis-train or tfdis-postprocess wrote, for @HubEmbedding",
    )
    parser.add_argument("--output_dir", required=True, metavar="DIR", help="where to write")
    add_gin(parser, "such as reasoning/pixels.gin; repeat it for several, the later ones win")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing model")
    parser.add_argument(
        "--resume", action="store_true", help="continue from the newest checkpoint in the directory"
    )
    return run_command(parser, _reason, argv, "--resume continues from what is saved")


def _reason(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.reasoning.reason import reason_with_gin

    if not arguments.gin_file and not arguments.gin_bindings:
        raise UserError("Name a gin file, such as --gin_file=reasoning/pixels.gin.")
    numbers = reason_with_gin(
        arguments.input_dir,
        arguments.output_dir,
        arguments.overwrite,
        arguments.gin_file,
        arguments.gin_bindings,
        arguments.resume,
    )
    step = numbers["best.val.global_step"]
    print(
        f"accuracy: {numbers['best.test.accuracy']:.4f}, after {step:.0f} updates (chance: 0.1667)"
    )
    print(f"Written: {arguments.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
