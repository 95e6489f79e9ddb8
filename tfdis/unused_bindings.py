"""Names the gin bindings that nothing used: most often a parameter of something else."""

import contextlib
import contextvars
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

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

Key = tuple[str, str, str]  # scope, selector, parameter


@contextlib.contextmanager
def strictly(names: Collection[str] | None = None) -> Iterator[None]:
    """Makes unused bindings an error inside a `with` block; elsewhere they are a warning.

    Args:
        names: only these are, such as "vae.beta"; None: all.
    """
    token = _refused.set(names)
    try:
        yield
    finally:
        _refused.reset(token)


def tell_unused(
    later: Collection[str] = (), but: Collection[str] = (), read_before: Sequence[str] = ()
) -> None:
    """Reports the bindings that nothing has used so far: a warning, or under `strictly` an error.

    Args:
        later: packages whose names are used later, or in another stage.
        but: bindings that are never reported, such as "wandb_logger.name".
        read_before: gin files that are not the user's, such as that of the training.

    Raises:
        UserError: there are some, and they are refused.
    """
    refuse_or_warn(name for name in unused(later, read_before) if name not in but)


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


def unused(later: Collection[str] = (), read_before: Sequence[str] = ()) -> list[str]:
    """The bindings that nothing has used so far, each as "scope/name.parameter"; see `tell_unused`.

    A binding is used when its configurable was called, in its scope, and took the parameter from
    gin. References tell what is called later: `model.loggers = [@wandb_logger]` uses
    `wandb_logger.project`. What a ready file binds is left out: it serves many models.
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
            files = gin_lines.files_of(scope, registered.name, parameter)
            if not files or any(not _is_ours(file, read_before) for file in files):
                names.append(name)
    return names


def _is_ours(file: str | None, read_before: Sequence[str]) -> bool:
    # A ready file serves many models; unused bindings in it are not mistakes of the user.
    return file is not None and (file in read_before or Path(file).is_relative_to(config_dirs()[1]))


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
