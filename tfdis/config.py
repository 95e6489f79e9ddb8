"""Finds and reads gin files, and registers names in gin as disentanglement_lib's files use them."""

import difflib
import functools
import importlib
import inspect
import pkgutil
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import gin

import tfdis
from tfdis import gin_lines
from tfdis.checks import checked
from tfdis.errors import UserError, without_gins_trace

_PACKAGES = (
    "distributions",
    "data",
    "architectures",
    "losses",
    "models",
    "training",
    "postprocessing",
    "metrics",
    "evaluation",
    "visualize",
    "export",
    "reasoning",
    "study",
)


def configurable(name: str, **kwargs: Any) -> Callable:
    """`gin.configurable` under a bare name such as `conv_encoder`, with its arguments checked.

    An argument that does not fit its annotation raises a `UserError`, in gin and in Python: see
    `tfdis.checks`. What a user's module defines again, as a notebook's cell that is run again does,
    takes the place of the first.

    Layers and models cannot take it (gin's subclass breaks Keras' serialization): register a
    function that builds them, or use `external_configurable`.
    """

    def register(thing: Any) -> Any:
        arguments = {"module": "tfdis", **kwargs}
        again = _is_defined_again(thing, f"{arguments['module']}.{name}")
        with gin.config.interactive_mode() if again else nullcontext():
            return gin.configurable(name, **arguments)(_checked(thing, name))

    return register


def _is_defined_again(thing: Any, selector: str) -> bool:
    """Whether the same definition, outside of this library, is behind a name already."""
    # Where the user has turned that on, gin asks nothing.
    if gin.config._INTERACTIVE_MODE or selector not in gin.config._REGISTRY:
        return False
    first = gin.config._REGISTRY[selector].wrapped
    where = [(each.__module__, each.__qualname__) for each in (first, thing)]
    return where[0] == where[1] and thing.__module__.partition(".")[0] != "tfdis"


def external_configurable(
    thing: Any, name: str, annotations: Mapping[str, Any] | None = None, **kwargs: Any
) -> None:
    """Registers another library's class or function under a bare name, without changing it.

    Args:
        thing: a class or a function.
        name: in gin.
        annotations: by parameter, for signatures without; the others keep their own. Only what is
            annotated can be bound.
        kwargs: of `gin.configurable`.
    """
    annotations = annotations or {}
    signature = inspect.signature(thing, eval_str=True)
    parameters = [
        parameter.replace(annotation=annotations.get(key, parameter.annotation))
        for key, parameter in signature.parameters.items()
    ]

    def make(*args: Any, **kwargs: Any) -> Any:
        return thing(*args, **kwargs)

    make.__name__, make.__qualname__ = name, thing.__qualname__
    make.__doc__, make.__module__ = thing.__doc__, thing.__module__
    make.__signature__ = signature.replace(
        parameters=[
            parameter for parameter in parameters if parameter.annotation is not parameter.empty
        ]
    )
    configurable(name, **kwargs)(make)


def _checked(thing: Any, name: str) -> Any:
    return checked(thing, name, functools.partial(gin_lines.line_of, name))


def register_all() -> None:
    """Imports every module of tfdis that registers a gin name; `_named` ones are scripts."""
    for package in _PACKAGES:
        module = importlib.import_module(f"tfdis.{package}")
        for info in pkgutil.walk_packages(module.__path__, f"{module.__name__}."):
            if not info.name.rpartition(".")[2].startswith("_"):
                importlib.import_module(info.name)


def config_dirs() -> tuple[Path, ...]:
    """Where gin files are looked for: the working directory, then the package's own."""
    return Path.cwd(), Path(tfdis.__file__).parent / "gin_configs"


def _ready_file(path: str) -> Path:
    return config_dirs()[1] / path


# So that `include "embedded.gin"` finds the package's own files from anywhere. Before gin's reader
# of installed packages, which logs an error for every name that is none of its own.
gin.config._FILE_READERS.insert(
    1, (lambda path: _ready_file(path).open(), lambda path: _ready_file(path).is_file())
)


def find_gin_file(name: str) -> Path:
    """The path of a gin file, looked for in `config_dirs`.

    Raises:
        UserError: there is no such file; names the ready ones that are spelled alike.
    """
    for directory in config_dirs():
        if (directory / name).is_file():
            return directory / name
    working, package = config_dirs()
    ready = sorted(str(path.relative_to(package)) for path in package.glob("*.gin"))
    near = difflib.get_close_matches(str(name), ready, n=3) or ready
    raise UserError(
        f"The gin file {name} is neither in {working} nor in {package}: "
        f"did you mean {' or '.join(near)}?"
    )


def parse(
    gin_files: Sequence[str] = (), gin_bindings: Sequence[str] = (), read_back: Sequence[str] = ()
) -> None:
    """Reads gin files and bindings into gin's global config.

    Args:
        gin_files: gin files, as `find_gin_file` finds them.
        gin_bindings: read after the files.
        read_back: files that a stage finds in the directory that it reads; read first.

    Raises:
        UserError: a file is missing, or a line is not gin, or names what does not exist.
    """
    register_all()
    read([*read_back, *gin_files], gin_bindings, read_back=read_back)


def read(
    gin_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
    skip_unknown: Sequence[str] = (),
    read_back: Sequence[str] = (),
) -> None:
    """`parse` with the names that are registered so far.

    Args:
        gin_files: gin files, as `find_gin_file` finds them.
        gin_bindings: read after the files.
        skip_unknown: names whose bindings are passed over where they are not registered.
        read_back: which of the files are not the user's.

    Raises:
        UserError: see `parse`.
    """
    paths = [str(find_gin_file(str(name))) for name in gin_files]
    try:
        gin.parse_config_files_and_bindings(
            paths, list(gin_bindings), skip_unknown=list(skip_unknown)
        )
    except RecursionError as error:
        gin.clear_config()
        raise UserError(
            f"gin could not read {', '.join(paths)}: one of these files includes itself."
        ) from error
    except tokenize.TokenError as error:
        _clear()
        where = ", ".join([*paths, *gin_bindings])
        raise UserError(
            f"gin could not read {where}: a bracket or a quote is not closed."
        ) from error
    except (ValueError, SyntaxError, TypeError, OSError, ImportError) as error:
        _clear()
        where = ", ".join([*paths, *gin_bindings])
        reason = f"{error.strerror}." if getattr(error, "strerror", None) else one_sentence(error)
        raise UserError(f"gin could not read {where}: {reason}") from error
    for name, path in zip(gin_files, paths):
        gin_lines.remember(path, name in read_back)
    gin_lines.remember(list(gin_bindings))


@contextmanager
def parsed(
    gin_files: Sequence[str] = (), gin_bindings: Sequence[str] = (), read_back: Sequence[str] = ()
) -> Iterator[None]:
    """`parse` for the time of a `with` block; gin's config is empty afterwards.

    Raises:
        UserError: also where a configurable misses a binding that it requires.
    """
    parse(gin_files, gin_bindings, read_back)
    try:
        with explained():
            yield
    finally:
        _clear()


@contextmanager
def explained() -> Iterator[None]:
    """Turns the errors of a config that is in use into one sentence.

    Raises:
        UserError: without gin's trace; also where a configurable misses a required binding.
    """
    try:
        yield
    except UserError as error:
        raise UserError(without_gins_trace(error)) from error
    except RecursionError as error:
        name = _refers_to_itself()
        if name is None:
            raise
        raise UserError(
            f"The gin config is circular: {name} is bound to a value that needs {name}."
        ) from error
    except (RuntimeError, TypeError) as error:
        message = without_gins_trace(error)
        if "Required bindings" in message or "No values supplied by Gin" in message:
            raise missing_binding(" ".join(message.split())) from error
        raise


def _refers_to_itself() -> str | None:
    """A configurable, or a macro, whose bindings lead back to it."""
    references: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for key, parameters in gin.config._CONFIG.items():
        found = gin.config.iterate_references(list(parameters.values()))
        references[key] = {("/".join(each.scopes), each.configurable.selector) for each in found}
    for start in references:
        seen: set[tuple[str, str]] = set()
        todo = set(references[start])
        while todo:
            key = todo.pop()
            if key == start:
                scope, selector = key
                return f"%{scope}" if selector == "gin.macro" else f"@{selector.split('.')[-1]}"
            seen.add(key)
            todo |= references.get(key, set()) - seen
    return None


def missing_binding(what: str) -> UserError:
    """The error where a required binding is missing; `what` names it, or says how to bind it."""
    return UserError(f"A gin binding is missing: {what}")


def _clear() -> None:
    gin.clear_config()
    gin_lines.forget()


def one_sentence(error: BaseException) -> str:
    """An exception's message on one line, ended by a full stop."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
