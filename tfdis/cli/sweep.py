"""tfdis-sweep: runs a study, or shows its progress."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.checks import Count, NotNegative
from tfdis.cli.arguments import add_gin, add_import, of
from tfdis.cli.command import run_command
from tfdis.errors import UserError

_DESCRIPTION = """\
Runs every model of a study: trains, draws, postprocesses and scores it. Whatever stops a study
(kill -9, a reboot, a full disk, a lost node), the same command continues it. Several launchers may
work in one directory, from any machines that share it.

  tfdis-sweep --gin_file=studies/small.gin --output_dir=output/small
  tfdis-sweep status output/small         shows its progress, from any terminal
  tfdis-sweep select output/small         ranks its models without labels (UDR)
  tfdis-sweep release output/small zoo    copies its models, with cards, to publish them
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    if argv[:1] == ["status"]:
        return run_command(_status_parser(), _status, argv[1:])
    if argv[:1] == ["select"]:
        return run_command(_select_parser(), _select, argv[1:])
    if argv[:1] == ["release"]:
        return run_command(_release_parser(), _release, argv[1:])
    return run_command(_parser(), _sweep, argv, "the same command continues it")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tfdis-sweep",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_gin(
        parser,
        "the study, such as studies/small.gin; may be given several times",
        'read last, by every stage of every model: "model.training_steps = 10"',
        strict=False,
        required=True,
    )
    parser.add_argument(
        "--output_dir", type=Path, help="default: output/<study>; model N goes into its folder N"
    )
    parser.add_argument("--models", default="all", help="only some: 0-99,120")
    parser.add_argument("--workers", type=of(Count), help="models at a time; default: one per core")
    parser.add_argument("--launcher", choices=("local", "ray"), default="local")
    parser.add_argument("--address", help="of the Ray cluster: auto, or host:port")
    parser.add_argument("--cores_per_model", type=of(Count), default=1, help="with Ray")
    parser.add_argument(
        "--gpus_per_model", type=of(NotNegative), default=0.0, help="with Ray; 0.25 shares"
    )
    parser.add_argument(
        "--data_dir", type=Path, help="where each node finds data sets: a shared disk, or its own"
    )
    parser.add_argument(
        "--cache_dir",
        type=Path,
        help="where each node keeps data unpacked: a shared disk, or its own",
    )
    parser.add_argument(
        "--max_failures", type=of(Count), default=2, help="how often a model that fails is tried"
    )
    parser.add_argument("--retry_failed", action="store_true", help="try failed models again")
    return parser


def _sweep(arguments: argparse.Namespace) -> None:
    from tfdis.study.launch import Stopped, launch_local
    from tfdis.study.states import States
    from tfdis.study.study import read_study, save_study
    from tfdis.study.supervisor import WorkerOptions
    from tfdis.study.worker import parse_models

    study = read_study(arguments.gin_file, arguments.gin_bindings)
    directory = arguments.output_dir or Path("output") / study.name
    model_nums = parse_models(arguments.models, study)
    study = save_study(study, directory)
    if arguments.retry_failed:
        States(directory, arguments.max_failures).retry_failed(model_nums)
    options = WorkerOptions(
        models=arguments.models,
        max_failures=arguments.max_failures,
        imports=tuple(arguments.imports),
        import_from=str(Path.cwd()),
    )
    folders = {
        "DISENTANGLEMENT_LIB_DATA": arguments.data_dir,
        "TFDIS_CACHE": arguments.cache_dir,
    }
    environment = {name: str(path.absolute()) for name, path in folders.items() if path}
    try:
        if arguments.launcher == "ray":
            from tfdis.study.launch_ray import launch_ray

            snapshot = launch_ray(
                study,
                directory,
                options,
                arguments.address,
                arguments.workers,
                arguments.cores_per_model,
                arguments.gpus_per_model,
                environment,
            )
        else:
            snapshot = launch_local(study, directory, options, arguments.workers, environment)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        raise SystemExit(130) from stopped
    print(f"{study.name}: {snapshot.summary()}; in {directory}.")
    if snapshot.failed:
        raise UserError(
            f"{len(snapshot.failed)} of {len(model_nums)} models failed: see tfdis-sweep status "
            f"{directory}; --retry_failed tries them again."
        )


def _status_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tfdis-sweep status", description="Shows a study's progress.")
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    parser.add_argument(
        "--max_failures", type=of(Count), default=2, help="the number that the study has"
    )
    return parser


def _status(arguments: argparse.Namespace) -> None:
    from tfdis.study.states import States
    from tfdis.study.study import load_study
    from tfdis.study.view import Watch

    study = load_study(arguments.directory)
    states = States(arguments.directory, arguments.max_failures)
    watch = Watch(arguments.directory, study, range(len(study.settings)), states)
    snapshot = watch.snapshot()
    print(f"{study.name}: {snapshot.summary()}")
    for text in snapshot.running.values():
        print(f"  running {text}")
    for num, text in snapshot.failed.items():
        print(f"  failed  {text}\n          see {arguments.directory / str(num) / 'log.txt'}")


def _select_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tfdis-sweep select",
        description="Ranks the models that are done without labels, by how well their latents "
        "match those of the same setting's other seeds (UDR), and leaves udr.json.",
    )
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    add_import(parser)
    parser.add_argument("--top", type=of(Count), default=10, help="how many to print")
    return parser


def _select(arguments: argparse.Namespace) -> None:
    from tfdis.study.model_names import ModelNames
    from tfdis.study.select import rank_without_labels
    from tfdis.study.study import load_study

    names = ModelNames(load_study(arguments.directory))
    for each in rank_without_labels(arguments.directory)[: arguments.top]:
        print(f"{each.udr:.4f}  {names.of(each.model_num)}")


def _release_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tfdis-sweep release",
        description="Copies models that are done, their results and a card of each into a "
        "directory to publish.",
    )
    parser.add_argument("directory", type=Path, help="the study's output_dir")
    parser.add_argument("release_dir", type=Path, help="directory to write")
    parser.add_argument("--models", default="all", help="only some: 0-3,12 (default: all done)")
    parser.add_argument("--licence", help="of the models, such as apache-2.0")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier release")
    return parser


def _release(arguments: argparse.Namespace) -> None:
    from tfdis.study.release import write_release
    from tfdis.study.study import load_study
    from tfdis.study.worker import parse_models

    some = None
    if arguments.models != "all":
        some = parse_models(arguments.models, load_study(arguments.directory))
    names = write_release(
        arguments.directory, arguments.release_dir, some, arguments.licence, arguments.overwrite
    )
    print(f"Written in {arguments.release_dir}:", *names, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
