"""Names the gin bindings that nothing used: most often a parameter of something else."""

import contextlib
import contextvars
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import gin

from tfdis import gin_lines
from tfdis.config import config_dirs
from tfdis.errors import UserError

# What runs after a model is built, in the same process or in another stage.
LATER = (
    "tfdis.postprocessing",
    "tfdis.metrics",
    "tfdis.evaluation",
    "tfdis.visualize",
    "tfdis.export",
    "tfdis.study",
)
_refused: contextvars.ContextVar[Collection[str] | None] = contextvars.ContextVar(
    "refused", default=()
)
_collected: contextvars.ContextVar[list[list[str]] | None] = contextvars.ContextVar(
    "collected", default=None
)

Key = tuple[str, str, str]  # scope, selector, parameter


@contextlib.contextmanager
def strictly(names: Collection[str] | None = None) -> Iterator[None]:
    """Makes unused bindings an error inside a `with` block; elsewhere they are a warning.

    Args:
        names: only these are, such as "vae.beta"; None: all.
    """
    with _during(_refused, names):
        yield


@contextlib.contextmanager
def untold() -> Iterator[None]:
    """Reports no unused binding inside a `with` block: each may be meant for another stage."""
    with _during(_collected, []):
        yield


@contextlib.contextmanager
def told_together() -> Iterator[None]:
    """Reports, at the end of a `with` block, what was unused at every call of `tell_unused` in it.

    A block around it, of this kind or `untold`, takes precedence.

    Raises:
        UserError: see `tell_unused`.
    """
    if _collected.get() is not None:
        yield
        return
    collected: list[list[str]] = []
    with _during(_collected, collected):
        yield
    if collected:
        refuse_or_warn([name for name in collected[0] if all(name in names for names in collected)])


@contextlib.contextmanager
def _during(variable: contextvars.ContextVar, value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def tell_unused(later: Collection[str] = (), but: Collection[str] = ()) -> None:
    """Reports the bindings that nothing has used so far: a warning, or under `strictly` an error.

    Args:
        later: packages whose names are used later, or in another stage.
        but: bindings that are never reported, such as "wandb_logger.name".

    Raises:
        UserError: there are some, and they are refused.
    """
    names = [name for name in unused(later) if name not in but]
    collected = _collected.get()
    if collected is None:
        refuse_or_warn(names)
    else:
        collected.append(names)


def refuse_or_warn(names: Collection[str]) -> None:
    """See `tell_unused`; for the names that `unused` returned."""
    names = list(names)
    if not names:
        return
    several = len(names) > 1
    message = (
        f"nothing uses {', '.join(names)}: leave {'them' if several else 'it'} out, or bind "
        "parameters of what the config chooses"
    )
    refused = _refused.get()
    if refused is None or set(names) & set(refused):
        raise UserError(f"{message[0].upper()}{message[1:]}.")
    print(f"warning: {message}.", file=sys.stderr)


def unused(later: Collection[str] = ()) -> list[str]:
    """The bindings that nothing has used so far, each as "scope/name.parameter"; see `tell_unused`.

    A binding is used when its configurable was called, in its scope, and took the parameter from
    gin. References tell what is called later: `model.loggers = [@wandb_logger]` uses
    `wandb_logger.project`. Left out is what the user did not write for this run: the bindings of
    ready files and of disentanglement_lib's files, which serve many models, and of a config that a
    stage reads back from a model's directory.
    """
    config, used = gin.config._CONFIG, _used()
    names = []
    for scope, selector in config:
        registered = gin.config._REGISTRY[selector]
        if selector == "gin.macro" or _belongs(registered.wrapped.__module__, later):
            continue
        for parameter in config[scope, selector]:
            if (scope, selector, parameter) in used:
                continue
            name = f"{scope}/{registered.name}.{parameter}".lstrip("/")
            if not all(map(_is_of_others, gin_lines.files_of(scope, registered.name, parameter))):
                names.append(name)
    return names


def _is_of_others(file: str | None) -> bool:
    if file is None:
        return False
    ready = Path(file).is_relative_to(config_dirs()[1])
    return ready or "disentanglement_lib" in Path(file).parts or gin_lines.is_read_back(file)


def _belongs(module: str, packages: Collection[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _used() -> set[Key]:
    config = gin.config._CONFIG
    used = {
        source
        for (scope, selector), parameters in gin.config._OPERATIVE_CONFIG.items()
        for parameter in parameters
        if (source := _source(scope, selector, parameter))
    }
    # What a used value refers to will be called, if it has not been.
    todo, followed = list(used), set()
    while todo:
        scope, selector, parameter = todo.pop()
        for reference in gin.config.iterate_references(config[scope, selector][parameter]):
            called = "/".join(reference.scopes) or scope, reference.configurable.selector
            if called in followed:
                continue
            followed.add(called)
            parameters = {name for key in config if key[1] == called[1] for name in config[key]}
            found = {_source(*called, name) for name in parameters} - {None}
            todo += found - used
            used |= found
    return used


def _source(scope: str, selector: str, parameter: str) -> Key | None:
    """The binding that a call in a scope takes a parameter from."""
    scopes = scope.split("/") if scope else []
    for length in range(len(scopes), -1, -1):
        outer = "/".join(scopes[:length])
        if parameter in gin.config._CONFIG.get((outer, selector), {}):
            return outer, selector, parameter
    return None
