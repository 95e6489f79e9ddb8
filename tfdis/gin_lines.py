"""Finds where a parameter is bound, in a file's line or on a command line; gin does not keep it."""

import contextlib
import contextvars
from collections.abc import Iterator, Sequence
from typing import Any

import gin
from gin import config_parser

_read: list[str | Sequence[str]] = []
_read_back: set[str] = set()
_typed: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar(
    "typed", default=frozenset()
)


def remember(source: str | Sequence[str], read_back: bool = False) -> None:
    """Records what gin has read.

    Args:
        source: the path of a file, or a list of bindings.
        read_back: it is a file from a directory that a stage reads, and not the user's.
    """
    _read.append(source)
    if read_back:
        _read_back.add(source)


def is_read_back(file: str) -> bool:
    """Whether a file comes from a directory that a stage reads."""
    return file in _read_back


@contextlib.contextmanager
def typed(bindings: Sequence[str]) -> Iterator[None]:
    """Bindings that the user gave with --gin_bindings, for the time of a `with` block."""
    lines = frozenset(line.strip() for each in bindings for line in each.splitlines())
    token = _typed.set(lines)
    try:
        yield
    finally:
        _typed.reset(token)


def forget() -> None:
    """Records that gin's config is empty."""
    _read.clear()
    _read_back.clear()


def line_of(name: str, parameter: str, value: Any) -> str:
    """The place where gin bound a parameter's value.

    Args:
        name: of the configurable, which is running: its scope counts.
        parameter: its parameter.
        value: what it got; a caller's argument goes before what gin has.

    Returns:
        Such as "bound in my.gin, line 3", "bound with --gin_bindings" or, where a caller of this
        library bound it, "bound as first/encoder.num_latent"; "" where the value does not come
        from gin.
    """
    scopes = gin.current_scope()
    for length in range(len(scopes), -1, -1):
        scope = "/".join(scopes[:length])
        key = f"{scope}/{name}.{parameter}".lstrip("/")
        try:
            bound = gin.query_parameter(key)
        except ValueError:
            continue
        written = repr(bound)
        if "@" not in written and "%" not in written and written != repr(value):
            return ""  # the caller's; a reference may have become anything
        lines = _locations(scope, name, parameter)
        if lines and lines[-1].filename:
            return f"bound in {lines[-1].filename}, line {lines[-1].line_num}"
        if lines and lines[-1].line_content.strip() in _typed.get():
            return "bound with --gin_bindings"
        return f"bound as {key}"
    return ""


def files_of(scope: str, name: str, parameter: str) -> set[str | None]:
    """The files that bind a parameter; None stands for a list of bindings."""
    return {location.filename for location in _locations(scope, name, parameter)}


def _locations(scope: str, name: str, parameter: str) -> list[config_parser.Location]:
    return [
        statement.location
        for source in _read
        for statement in _statements(source)
        if isinstance(statement, config_parser.BindingStatement)
        and (statement.scope or "") == scope
        and statement.selector.rpartition(".")[2] == name
        and statement.arg_name == parameter
    ]


def _statements(source: str | Sequence[str]) -> Iterator[Any]:
    """What gin's parser reads, with the files that are included."""
    if isinstance(source, str):
        readers = (reader for reader, exists in gin.config._FILE_READERS if exists(source))
        with next(readers)(source) as file:
            yield from _parsed(config_parser.ConfigParser(file, _references()))
    else:
        yield from _parsed(config_parser.ConfigParser("\n".join(source), _references()))


def _parsed(parser: config_parser.ConfigParser) -> Iterator[Any]:
    for statement in parser:
        if isinstance(statement, config_parser.IncludeStatement):
            yield from _statements(statement.filename)
        else:
            yield statement


def _references() -> Any:
    return gin.config.ParserDelegate(skip_unknown=True)
