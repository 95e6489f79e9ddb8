"""tfdis-reproduce: one model of a study, from its number to its scores."""

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfdis.checks import Count, Index
from tfdis.cli.arguments import add_gin, of
from tfdis.cli.command import run_command
from tfdis.errors import UserError

if TYPE_CHECKING:
    from tfdis.study.stages import Repeats
    from tfdis.study.study import Study

_DESCRIPTION = """\
Trains, draws, postprocesses and evaluates model number N of a study, as dlib_reproduce does: the
same bindings, seeds and directories.

  tfdis-reproduce --study=unsupervised_study_v1 --model_num=1200 --only_print
  tfdis-reproduce --study=unsupervised_study_v1 --model_num=1200 \\
      --gin_bindings="dataset.name = 'sprites'" --gin_bindings="model.training_steps = 5000"
  tfdis-reproduce --model_dir=my/model --num_eval=10 --scores_list=mig --scores_list=dci \\
      --evaluation_num_samples_train=1000 --evaluation_num_samples_train=10000
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    parser = argparse.ArgumentParser(
        "tfdis-reproduce",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--study",
        default="unsupervised_study_v1",
        help="unsupervised_study_v1, fairness_study_v1, abstract_reasoning_study_v1, or any file "
        "in studies/",
    )
    parser.add_argument(
        "--model_num", type=of(Index), default=0, help="the model's number in the study"
    )
    parser.add_argument(
        "--output_directory",
        help="{study} and {model_num} in it are replaced; default: output/{study}/{model_num}, or "
        "output with --model_dir",
    )
    parser.add_argument(
        "--num_eval",
        type=of(Count),
        default=1,
        help="times to compute each of --scores_list",
    )
    parser.add_argument(
        "--scores_list", action="append", default=[], help="such as mig; repeat it for several"
    )
    parser.add_argument(
        "--evaluation_num_samples_train",
        action="append",
        default=[],
        type=of(Count),
        help="compute each of --scores_list on a sample of this size; repeat it for several",
    )
    parser.add_argument("--model_dir", help="evaluate this trained model and skip the training")
    parser.add_argument("--only_print", action="store_true", help="print the settings, run nothing")
    add_gin(parser, None, "read last, by every stage", strict=False)
    parser.add_argument("--overwrite", action="store_true", help="replace existing output")
    parser.add_argument("--resume", action="store_true", help="continue an earlier start of it")
    return run_command(parser, _reproduce, argv, "--resume continues from what is saved")


def _reproduce(arguments: argparse.Namespace) -> None:
    from tfdis.study.stages import real_stages, run_model
    from tfdis.study.study import read_study

    study = read_study([_gin_file(arguments.study)], arguments.gin_bindings)
    repeats = _repeats(study, arguments)
    _print_settings(study, arguments)
    if arguments.only_print:
        return
    default = "output" if arguments.model_dir else "output/{study}/{model_num}"
    output_dir = arguments.output_directory or default
    for name in ("study", "model_num"):
        output_dir = output_dir.replace(f"{{{name}}}", str(getattr(arguments, name)))
    if unknown := re.search(r"\{.*?\}", output_dir):
        raise UserError(
            f"--output_directory has {unknown[0]}: only {{study}} and {{model_num}} are replaced."
        )
    if not arguments.resume:
        trained = [] if arguments.model_dir else ["model"]
        for name in (*trained, "visualizations", "postprocessed", "metrics", "reasoning"):
            there = Path(output_dir) / name
            if not arguments.overwrite and there.is_dir() and any(there.iterdir()):
                raise UserError(
                    f"{there} already exists: pass --overwrite to replace it, --resume to continue "
                    "it, or name another --output_directory."
                )
    run_model(
        study,
        arguments.model_num,
        output_dir,
        real_stages(),
        trained_model_dir=arguments.model_dir,
        overwrite=arguments.overwrite,
        repeats=repeats,
    )


def _repeats(study: "Study", arguments: argparse.Namespace) -> "Repeats":
    from tfdis.study.stages import Repeats
    from tfdis.study.study import config_name

    known = [config_name(config) for config in study.metric_configs]
    for name in arguments.scores_list:
        if name not in known:
            raise UserError(
                f"--scores_list={name} is not a score of {study.name}, which has: "
                f"{', '.join(known)}."
            )
    repeated = arguments.num_eval != 1 or arguments.evaluation_num_samples_train
    if repeated and not arguments.scores_list:
        raise UserError(
            "--num_eval and --evaluation_num_samples_train are about the scores of --scores_list: "
            f"name some of {', '.join(known)}."
        )
    return Repeats(
        arguments.num_eval,
        tuple(arguments.scores_list),
        tuple(arguments.evaluation_num_samples_train),
    )


def _gin_file(study: str) -> str:
    from tfdis.config import config_dirs

    names = sorted(
        {path.stem for each in config_dirs() for path in (each / "studies").glob("*.gin")}
    )
    if study not in names:
        raise UserError(f"--study={study} is not one of the studies: {', '.join(names)}.")
    return f"studies/{study}.gin"


def _print_settings(study: "Study", arguments: argparse.Namespace) -> None:
    if arguments.model_dir:
        _print("Model directory (training is skipped)", [arguments.model_dir])
    else:
        _print("Gin files of the training, read in this order", study.model_configs)
        _print("Gin bindings of the training", study.model_bindings(arguments.model_num))
    _print("Gin files of the postprocessing", study.postprocess_configs)
    _print("Gin files of the evaluation", study.metric_configs)


def _print(title: str, lines: Iterable[object]) -> None:
    print(f"{title}:", *(f"  {line}" for line in lines), "", sep="\n")


if __name__ == "__main__":
    sys.exit(main())
