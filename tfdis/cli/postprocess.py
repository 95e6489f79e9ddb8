"""tfdis-postprocess: extracts a representation from a trained model."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-postprocess",
        description="Adds the signature `representation` to a trained model.",
        epilog="example: tfdis-postprocess --model_dir=models/beta_tcvae "
        "--output_dir=models/beta_tcvae/mean --gin_file=postprocess/mean.gin",
    )
    parser.add_argument("--model_dir", required=True, metavar="DIR", help="the model")
    parser.add_argument("--output_dir", required=True, metavar="DIR", help="where to write")
    add_gin(parser, "postprocess/mean.gin, postprocess/sampled.gin, or one of yours")
    parser.add_argument("--overwrite", action="store_true", help="replace existing output")
    return run_command(parser, _postprocess, argv)


def _postprocess(arguments: argparse.Namespace) -> None:
    from tfdis.postprocessing.postprocess import postprocess_with_gin

    postprocess_with_gin(
        arguments.model_dir,
        arguments.output_dir,
        arguments.overwrite,
        arguments.gin_file or ["postprocess/mean.gin"],
        arguments.gin_bindings,
    )
    print(f"Written: {arguments.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
