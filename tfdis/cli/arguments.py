"""What the commands' arguments share: how values are checked and how gin is read."""

import argparse
from collections.abc import Callable
from typing import Any

from tfdis.checks import fits, in_words

_IMPORT_HELP = (
    "imports a module of your own, my_terms.py of the working directory or an installed one, so "
    "that what it registers has its gin name; repeat it for several"
)


def of(annotation: Any) -> Callable[[str], Any]:
    """What argparse's `type` is for an annotation of numbers, such as `Count`.

    Example:
        >>> parser.add_argument("--workers", type=of(Count))
        >>> parser.parse_args(["--workers=0"])
        tfdis-sweep: error: argument --workers: '0' is not a whole number from 1 up
    """

    def read(text: str) -> Any:
        for kind in (int, float):
            try:
                value = kind(text)
            except ValueError:
                continue
            if fits(value, annotation):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not {in_words(annotation)}")

    return read


def add_gin(
    parser: argparse.ArgumentParser,
    files: str | None = "read in this order; repeat it for several",
    bindings: str = "read after the files; repeat it for several",
    strict: bool = True,
    **kwargs: Any,
) -> None:
    """Adds --gin_file, --gin_bindings and --import.

    Args:
        parser: of the command.
        files: help on --gin_file; None: the command has none.
        bindings: help on --gin_bindings.
        strict: add --strict; a study's bindings are meant for all stages, and have their own rule.
        kwargs: of `add_argument`, for --gin_file.
    """
    if files is not None:
        kwargs = {"default": [], **kwargs}
        parser.add_argument("--gin_file", action="append", metavar="FILE", help=files, **kwargs)
    parser.add_argument(
        "--gin_bindings",
        action="append",
        default=[],
        metavar="'NAME.PARAMETER = VALUE'",
        help=bindings,
    )
    add_import(parser)
    if strict:
        parser.add_argument(
            "--strict", action="store_true", help="refuse gin bindings that nothing uses"
        )


def add_import(parser: argparse.ArgumentParser) -> None:
    """Adds --import alone."""
    parser.add_argument(
        "--import", dest="imports", action="append", default=[], metavar="MODULE", help=_IMPORT_HELP
    )
