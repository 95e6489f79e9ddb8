"""tfdis-validate: scores a trained model from few labels."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command
from tfdis.cli.evaluate import print_scores


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-validate",
        description="Scores a model on a small labelled set, drawn as in a training with few "
        "labels, so that a model can be chosen by it.",
        epilog="example: tfdis-validate --model_dir=models/s2_vae --output_dir=scores/validation "
        "--gin_file=validation/mig.gin",
    )
    parser.add_argument("--model_dir", required=True, metavar="DIR", help="the model")
    parser.add_argument("--output_dir", required=True, metavar="DIR", help="where to write")
    add_gin(parser, "such as validation/mig.gin; repeat it for several, the later ones win")
    parser.add_argument("--overwrite", action="store_true", help="replace existing scores")
    return run_command(parser, _validate, argv)


def _validate(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.evaluation.validate import validate_with_gin

    if not arguments.gin_file and not arguments.gin_bindings:
        raise UserError("Name a gin file, such as --gin_file=validation/mig.gin.")
    scores = validate_with_gin(
        arguments.model_dir,
        arguments.output_dir,
        arguments.overwrite,
        arguments.gin_file,
        arguments.gin_bindings,
    )
    print_scores(scores)
    print(f"Written: {arguments.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
