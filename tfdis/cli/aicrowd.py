"""tfdis-aicrowd: a submission to AIcrowd's Disentanglement Challenge, from training to scores."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tfdis.checks import Positive
from tfdis.cli.arguments import add_gin, of
from tfdis.cli.command import run_command
from tfdis.errors import without_gins_trace
from tfdis.signals import Interrupted

# The time reserved for what follows the training: a share of the whole, and a minimum in seconds.
_RESERVE = 0.05
_LEAST_RESERVE = 120.0
# Batches for the final losses, which are not part of the score.
_EVAL_STEPS = 20
_GO_ON = "nothing is submitted"


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
        "--hours",
        type=of(Positive),
        default=8.0,
        help="time for everything, export included (default: 8, the challenge's)",
    )
    add_gin(train, "default: aicrowd.gin")

    evaluate = commands.add_parser("evaluate", help="what the grader does: five metrics, one table")
    evaluate.add_argument("--metric", metavar="NAME[,NAME]", help="only these")
    add_gin(evaluate, None)

    files = commands.add_parser("files", help="write aicrowd.json and run.sh")
    files.add_argument("--author", action="append", default=[], help="AIcrowd user; repeatable")
    files.add_argument("--description", default="Disentangled representations by tfdis")
    files.add_argument("--license", default="Apache-2.0")
    files.add_argument("--cpu", action="store_true", help="ask for no GPU")
    files.add_argument("--folder", default=".", help="root of the repository to submit")
    files.add_argument("--overwrite", action="store_true", help="replace existing output")
    return run_command(
        parser, lambda arguments: _COMMANDS[arguments.command](arguments), argv, _GO_ON
    )


def _train(arguments: argparse.Namespace) -> None:
    from tfdis.data.named import find_named_data
    from tfdis.errors import UserError
    from tfdis.export.aicrowd import Submission, export_aicrowd
    from tfdis.export.grader import TRAINING_PART, Grader
    from tfdis.extras import require
    from tfdis.training.train import train_with_gin

    begin = time.monotonic()
    seconds = 3600 * arguments.hours - max(3600 * _RESERVE * arguments.hours, _LEAST_RESERVE)
    if not seconds > 0:
        raise UserError(
            f"--hours={arguments.hours:g} leaves no time to train: {_LEAST_RESERVE:.0f} seconds "
            "at least are kept for saving and exporting; name a number of hours, such as 0.1."
        )
    require("torch", "A submission")
    grader = Grader()
    grader.start()
    try:
        submission = Submission.of_environment()
        grader.progress(0.0)
        # What is unpacked the first time that a data set is read is not on the training's clock.
        find_named_data(submission.dataset_name).make()
        hours = (seconds - (time.monotonic() - begin)) / 3600
        bindings = [
            f"dataset.name = '{submission.dataset_name}'",
            f"HOURS = {hours}",
            f"model.eval_steps = {_EVAL_STEPS}",
            *arguments.gin_bindings,
        ]
        files = arguments.gin_file or ["aicrowd.gin"]
        train_with_gin(submission.model_dir, True, files, bindings)
        grader.progress(TRAINING_PART)
        path, difference = export_aicrowd(submission.model_dir, submission, overwrite=True)
        print(f"Written {path}, within {difference:.1e} of Keras.")
        grader.progress(1.0)
    except Interrupted as stopped:
        name = signal.Signals(stopped.signal_number).name
        grader.error(f"stopped by {name}")
        # The loop's own message says to continue with --resume, which is for tfdis-train.
        raise Interrupted(f"stopped by {name}; {_GO_ON}.", stopped.signal_number) from stopped
    except BaseException as error:
        grader.error(without_gins_trace(error) or "stopped")
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
    if not Path(arguments.folder, "bin", "tfdis-aicrowd").is_file():
        print("There is no bin/tfdis-aicrowd beside run.sh, as a clone of tfdis has it: run.sh "
              "starts the tfdis-aicrowd that is installed where the grader runs it.")  # fmt: skip


_COMMANDS = {"train": _train, "evaluate": _evaluate, "files": _files}


if __name__ == "__main__":
    sys.exit(main())
