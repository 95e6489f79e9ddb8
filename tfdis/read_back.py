"""Reads gin configs from a directory, which may come from a stranger.

A gin config can run code: `import` lines and dynamic registration import modules, and any of their
functions can be bound. So only bindings of this library's names are read back. The user's own
modules have to be imported by the user: by --import, or from a gin file that the user names.
"""

import os
import tokenize
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gin
from gin import config_parser

from tfdis import own_modules
from tfdis.config import find_gin_file, one_sentence, parse, register_all
from tfdis.errors import UserError

# gin's own: they hold values and run nothing.
_OF_GIN = ("gin.macro", "gin.constant", "gin.singleton")


def refuse_code(path: str | os.PathLike, own_files: Sequence[str | os.PathLike] = ()) -> None:
    """Raises a UserError where a gin file holds more than bindings of known names.

    Args:
        path: the file.
        own_files: gin files that the user named: what they import, `path` may name too. They are
            read for it, and gin's config is empty afterwards.
    """
    register_all()
    trusted = own_modules.imported | _imported_by(own_files)
    for statement in _statements(path, trusted):
        if isinstance(statement, config_parser.ImportStatement):
            if statement.module not in trusted:
                raise UserError(
                    f"{path} imports {statement.module}, and what a directory asks for is not run: "
                    f"pass --import={statement.module}, if you trust it."
                )
        elif isinstance(statement, config_parser.IncludeStatement):
            raise UserError(
                f"{path} includes {statement.filename}, and what a directory asks for is not read: "
                "name that file with --gin_file, if you trust it."
            )
        elif isinstance(statement, config_parser.BlockDeclaration) or statement.arg_name:
            _refuse_unknown(path, statement.selector, trusted)


class _Names(config_parser.ParserDelegate):
    """Checks the names of references without resolving them."""

    def __init__(self, path: str | os.PathLike, trusted: set[str]):
        self._path, self._trusted = path, trusted

    def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> str:
        del evaluate
        _refuse_unknown(self._path, scoped_configurable_name.rpartition("/")[2], self._trusted)
        return scoped_configurable_name

    def macro(self, macro_name: str) -> str:
        return macro_name


def _statements(path: str | os.PathLike, trusted: set[str]) -> Iterator[Any]:
    try:
        with Path(path).open(encoding="utf-8") as file:
            yield from config_parser.ConfigParser(file, _Names(path, trusted))
    except OSError as error:
        raise UserError(f"{path} could not be read: {error.strerror}.") from error
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError) as error:
        raise UserError(f"{path} is not a gin config: {one_sentence(error)}") from error


def _refuse_unknown(path: str | os.PathLike, selector: str, trusted: set[str]) -> None:
    if selector in _OF_GIN:
        return
    found = gin.config._REGISTRY.get_match(selector)
    if found is None or found.module.partition(".")[0] not in {"tfdis", *trusted}:
        raise UserError(
            f"{path} names {selector}, which tfdis does not have: name the module that has it with "
            "--import, if you trust it."
        )


def _imported_by(own_files: Sequence[str | os.PathLike]) -> set[str]:
    """The modules that the user's own gin files import, including the files that they include."""
    if not own_files:
        return set()
    parse([str(file) for file in own_files])
    gin.clear_config()
    seen: set[str] = set()
    waiting, modules = [str(file) for file in own_files], set()
    while waiting:
        path = find_gin_file(waiting.pop())
        if str(path) in seen:
            continue
        seen.add(str(path))
        with path.open(encoding="utf-8") as file:
            for statement in config_parser.ConfigParser(file, _AnyName()):
                if isinstance(statement, config_parser.ImportStatement):
                    modules.add(statement.module)
                elif isinstance(statement, config_parser.IncludeStatement):
                    waiting.append(statement.filename)
    return modules


class _AnyName(config_parser.ParserDelegate):
    def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> str:
        del evaluate
        return scoped_configurable_name

    def macro(self, macro_name: str) -> str:
        return macro_name
