"""tfdis-reason: trains a model to solve Raven-like matrices."""

import argparse
import sys
from collections.abc import Sequence

from tfdis.checks import Index
from tfdis.cli.arguments import add_gin, of
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
    parser.add_argument(
        "--study", metavar="NAME", help="such as abstract_reasoning_study_v1_stage2, before --gin_*"
    )
    parser.add_argument("--model_num", type=of(Index), default=0, help="its number in --study")
    parser.add_argument("--overwrite", action="store_true", help="replace an existing model")
    parser.add_argument(
        "--resume", action="store_true", help="continue from the newest checkpoint in the directory"
    )
    return run_command(parser, _reason, argv, "--resume continues from what is saved")


def _reason(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.reasoning.reason import reason_with_gin
    from tfdis.study.study import read_study

    input_dir, files, bindings = arguments.input_dir, arguments.gin_file, arguments.gin_bindings
    if arguments.study:
        study = read_study([f"studies/{arguments.study}.gin"])
        if study.reasons_on is None:
            raise UserError(f"--study={arguments.study} is no study of abstract reasoning.")
        files = [*map(str, study.model_configs), *files]
        bindings = [*study.model_bindings(arguments.model_num), *bindings]
        input_dir = input_dir or study.representation_dir(arguments.model_num)
    if not files and not bindings:
        raise UserError("Name a gin file, such as --gin_file=reasoning/pixels.gin.")
    numbers = reason_with_gin(
        input_dir, arguments.output_dir, arguments.overwrite, files, bindings, arguments.resume
    )
    step = numbers["best.val.global_step"]
    print(
        f"accuracy: {numbers['best.test.accuracy']:.4f}, after {step:.0f} updates (chance: 0.1667)"
    )
    print(f"Written: {arguments.output_dir}")


if __name__ == "__main__":
    sys.exit(main())
