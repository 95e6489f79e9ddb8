"""tfdis-aicrowd: a submission to AIcrowd's Disentanglement Challenge, from training to scores."""

import argparse
import time
from collections.abc import Sequence

from tfdis.cli.run import run

# The part of the time that is kept for what follows the training.
_RESERVE = 0.05


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-aicrowd",
        description="A submission to AIcrowd's Disentanglement Challenge. Reads "
        "AICROWD_DATASET_NAME, AICROWD_OUTPUT_PATH, AICROWD_EVALUATION_NAME, AICROWD_IS_GRADING "
        "and DISENTANGLEMENT_LIB_DATA.",
        epilog="example: AICROWD_DATASET_NAME=sprites tfdis-aicrowd train --hours=0.1 && "
        "AICROWD_DATASET_NAME=sprites tfdis-aicrowd evaluate",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train within the time, export, submit")
    train.add_argument(
        "--hours", type=float, default=8.0, help="for all of it (default: 8, the challenge's)"
    )
    train.add_argument("--gin_file", action="append", default=[], metavar="FILE",
                       help="default: aicrowd.gin")  # fmt: skip
    train.add_argument(
        "--gin_bindings", action="append", default=[], metavar="'NAME.PARAMETER = VALUE'"
    )

    evaluate = commands.add_parser("evaluate", help="what the grader does: five metrics, one table")
    evaluate.add_argument("--metric", metavar="NAME[,NAME]", help="only these")
    evaluate.add_argument(
        "--gin_bindings", action="append", default=[], metavar="'NAME.PARAMETER = VALUE'"
    )

    files = commands.add_parser("files", help="write aicrowd.json and run.sh")
    files.add_argument("--author", action="append", default=[], help="AIcrowd user; repeatable")
    files.add_argument("--description", default="Disentangled representations by tfdis")
    files.add_argument("--license", default="Apache-2.0")
    files.add_argument("--cpu", action="store_true", help="ask for no GPU")
    files.add_argument("--folder", default=".", help="root of the repository to submit")
    files.add_argument("--overwrite", action="store_true", help="replace what is there")
    return run(parser, lambda arguments: _COMMANDS[arguments.command](arguments), argv)


def _train(arguments: argparse.Namespace) -> None:
    from tfdis.export.aicrowd import Submission, export_aicrowd
    from tfdis.export.grader import TRAINING_PART, Grader
    from tfdis.export.torchscript import require_torch
    from tfdis.training.train import train_with_gin

    begin = time.monotonic()
    require_torch()
    grader = Grader()
    grader.start()
    try:
        submission = Submission.of_environment()
        grader.progress(0.0)
        hours = (1 - _RESERVE) * arguments.hours - (time.monotonic() - begin) / 3600
        bindings = [
            f"dataset.name = '{submission.dataset_name}'",
            f"HOURS = {hours}",
            *arguments.gin_bindings,
        ]
        files = arguments.gin_file or ["aicrowd.gin"]
        train_with_gin(submission.model_dir, True, files, bindings)
        grader.progress(TRAINING_PART)
        path, difference = export_aicrowd(submission.model_dir, submission, overwrite=True)
        print(f"Written {path}, within {difference:.1e} of Keras.")
        grader.progress(1.0)
    except BaseException as error:
        grader.error(str(error) or type(error).__name__)
        raise
    grader.submit()


def _evaluate(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.export.aicrowd import Submission
    from tfdis.export.local_evaluation import METRICS, evaluate_locally, table

    metrics = arguments.metric.split(",") if arguments.metric else list(METRICS)
    unknown = set(metrics) - set(METRICS)
    if unknown:
        raise UserError(f"The grader has no metric '{unknown.pop()}', but {', '.join(METRICS)}.")
    submission = Submission.of_environment()
    scores = evaluate_locally(submission, metrics, arguments.gin_bindings)
    print(f"{submission.representation_dir} on {submission.dataset_name}:")
    print(table(scores))


def _files(arguments: argparse.Namespace) -> None:
    from tfdis.export.aicrowd import write_submission_files

    paths = write_submission_files(
        arguments.folder,
        arguments.author,
        arguments.description,
        arguments.license,
        not arguments.cpu,
        arguments.overwrite,
    )
    print("Written:", *paths)


_COMMANDS = {"train": _train, "evaluate": _evaluate, "files": _files}
