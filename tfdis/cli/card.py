"""tfdis-card: writes the card of a model."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-card",
        description="Writes the card of a model, README.md: its data, its training, its scores, "
        "versions, hashes and licence. tfdis.push puts it on the Hugging Face Hub.",
        epilog="example: tfdis-card models/beta_tcvae --scores=scores --licence=apache-2.0",
    )
    parser.add_argument("model_dir", type=Path, metavar="DIR", help="what tfdis-train left")
    parser.add_argument(
        "--scores",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="what tfdis-evaluate left; repeat it for several",
    )
    parser.add_argument("--licence", help="of the model, such as apache-2.0")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="the card (default: README.md in DIR)"
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace a card of tfdis that is there"
    )
    return run_command(parser, _card, argv)


def _card(arguments: argparse.Namespace) -> None:
    from tfdis.errors import UserError
    from tfdis.models.card import TAGS, card
    from tfdis.results import refuse_foreign, write_text

    path = arguments.output or arguments.model_dir / "README.md"
    if path.exists() and not arguments.overwrite:
        raise UserError(f"{path} already exists: pass --overwrite to replace it.")
    refuse_foreign(path, TAGS, "a card")
    write_text(path, card(arguments.model_dir, arguments.scores, arguments.licence))
    print(f"Written: {path}")


if __name__ == "__main__":
    sys.exit(main())
