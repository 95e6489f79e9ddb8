"""tfdis-train: trains what a gin file describes."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.cli.arguments import add_gin
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-train",
        description="Trains a model and leaves its weights, losses and pictures in a directory.",
        epilog="example: tfdis-train --gin_file=beta_tcvae.gin "
        "--gin_bindings='beta_tc_vae.beta = 6.0' --gin_bindings='model.random_seed = 1' "
        "--model_dir=runs/beta6_seed1",
    )
    add_gin(
        parser,
        "looked for in the working directory, then among the ready ones of the package "
        "(vae.gin, factor_vae.gin, ...); repeat it for several, the later ones win",
    )
    parser.add_argument(
        "--model_dir",
        metavar="DIR",
        help="where to write (default: models/ and the name of the last gin file)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an existing model")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue from the newest checkpoint in the directory; begin where there is none",
    )
    return run_command(parser, _train, argv, "--resume continues from what is saved")


def _train(arguments: argparse.Namespace) -> None:
    from tfdis import config
    from tfdis.errors import UserError
    from tfdis.training.train import train

    if not arguments.gin_file and not arguments.gin_bindings:
        raise UserError("Name a gin file, such as --gin_file=beta_tcvae.gin.")
    stem = Path(arguments.gin_file[-1]).stem if arguments.gin_file else "model"
    model_dir = Path(arguments.model_dir or Path("models") / stem)
    with config.parsed(arguments.gin_file, arguments.gin_bindings):
        finished = train(model_dir, arguments.overwrite, arguments.resume)
    if finished is not None:
        print("Written:", *finished.written, sep="\n  ")


if __name__ == "__main__":
    sys.exit(main())
