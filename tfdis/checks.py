"""Checks arguments against the annotations of a signature.

pydantic does the work, in strict mode: 1.5, '16' and True are refused where a whole number is
expected, and None is accepted only where the annotation has it. A whole number is accepted for any
number, and a list for a tuple as a tuple for a list; objects are checked by their class.
"""

import functools
import inspect
import math
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, runtime_checkable

import numpy as np
from annotated_types import Ge, Gt, Interval, Le, Lt, MinLen

from tfdis.errors import UserError

Count = Annotated[int, Ge(1)]
Index = Annotated[int, Ge(0)]
Seed = Annotated[int, Interval(ge=0, le=2**32 - 1)]  # what numpy accepts
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Interval(ge=0, lt=1)]
Fraction = Annotated[float, Interval(gt=0, lt=1)]

_CONTAINERS = (list, tuple, dict, set, Sequence, Mapping, Iterable)
_NOUNS = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("a string", "strings"),
    bool: ("True or False", "True and False"),
    Any: ("anything", "anything"),
    None: ("None", "None"),
    type(None): ("None", "None"),
}
_CLASSES = {
    "LearningRateSchedule": ("a schedule", "schedules"),
    "ndarray": ("an array", "arrays"),
    "PathLike": ("a path", "paths"),
    "type": ("a class", "classes"),
}


def checked(
    thing: Callable, name: str = "", where: Callable[[str, Any], str] | None = None
) -> Callable:
    """A function that refuses arguments that do not fit its annotations.

    A class is changed in place: its `__init__` checks every call.

    Args:
        thing: a function or a class; parameters without an annotation are not checked.
        name: for the sentence; the thing's own name without it.
        where: from a parameter's name and its value to where the value was given, or "".

    Returns:
        The function with the same signature and docstring, or the class itself.
    """
    name = name or thing.__name__
    if isinstance(thing, type):
        thing.__init__ = _checked_function(thing.__init__, name, where)
        return thing
    return _checked_function(thing, name, where)


def _checked_function(
    function: Callable, name: str, where: Callable[[str, Any], str] | None
) -> Callable:
    signature = inspect.signature(function)
    annotations = functools.cache(lambda: _annotations(function))

    @functools.wraps(function)
    def checking(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind_partial(*args, **kwargs).arguments
        except TypeError:  # An unknown parameter: Python's own error is the clearest.
            return function(*args, **kwargs)
        for parameter, annotation in annotations().items():
            if parameter in given and not fits(given[parameter], annotation):
                place = where(parameter, given[parameter]) if where else ""
                raise UserError(wrong(f"{name}.{parameter}", given[parameter], annotation, place))
        return function(*args, **kwargs)

    checking.__signature__ = signature  # for gin, which does not look behind a wrapper
    return checking


def _annotations(function: Callable) -> dict[str, Any]:
    """The annotated parameters; those of `*args` and `**kwargs` are left out."""
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        name: parameter.annotation
        for name, parameter in inspect.signature(function, eval_str=True).parameters.items()
        if parameter.annotation is not parameter.empty and parameter.kind not in variadic
    }


def wrong(parameter: str, value: Any, annotation: Any, where: str = "") -> str:
    """The sentence on a value that does not fit."""
    expected = in_words(annotation)
    if isinstance(value, float) and not math.isfinite(value):
        expected = expected.replace("a number", "a finite number")
    return f"{parameter} is {shortened(value)}{where and f' ({where})'}: expected {expected}."


def shortened(value: Any, length: int = 80) -> str:
    """A value as Python writes it, on one line, cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= length else f"{text[: length - 4]} ..."


def fits(value: Any, annotation: Any) -> bool:
    """Whether a value is what an annotation says."""
    from pydantic import ValidationError

    try:
        _adapter(annotation).validate_python(value)
    except ValidationError:
        return False
    return True


def contained(value: Any, annotation: Any) -> Any:
    """A value that fits, as the annotation has it: a list where it says list, a tuple where tuple.

    Inside too. What is no list or tuple stays as it is.
    """
    plain = isinstance(value, list | tuple)
    return _adapter(annotation).validate_python(value) if plain else value


@functools.cache
def _adapter(annotation: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter

    config = ConfigDict(strict=True, arbitrary_types_allowed=True, allow_inf_nan=False)
    return TypeAdapter(_schema(annotation), config=config)


def _schema(annotation: Any) -> Any:
    """The annotation as pydantic is to see it: numpy's numbers are numbers, and classes opaque."""
    from pydantic import BeforeValidator, InstanceOf

    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_schema(arguments[0]), *annotation.__metadata__)]
    if origin is Literal:  # where pydantic takes True for 1
        return Annotated[
            annotation, BeforeValidator(functools.partial(_of_a_type, set(map(type, arguments))))
        ]
    if origin in (Union, types.UnionType):
        return Union[tuple(map(_schema, arguments))]  # noqa: UP007 (of a list that is not known here)
    if origin is Callable:
        return Callable  # what it takes and gives is seen only when it is called
    if origin is Sequence:  # where a string is one of Any
        inner = Sequence[_schema(arguments[0])]
        return Annotated[inner, BeforeValidator(_no_string)]
    if origin in _CONTAINERS:
        inner = origin[tuple(part if part is Ellipsis else _schema(part) for part in arguments)]
        return _either_container(origin, inner)
    if annotation in (list, tuple):
        return _either_container(annotation, annotation)
    if annotation in (int, float):
        return Annotated[annotation, BeforeValidator(_python_number)]
    if getattr(annotation, "_is_protocol", False):
        runtime_checkable(annotation)  # recognized by its methods
    opaque = isinstance(annotation, type) and annotation not in (str, bool, Any, *_CONTAINERS)
    return InstanceOf[annotation] if origin is None and opaque else annotation


def _of_a_type(kinds: set[type], value: Any) -> Any:
    if type(value) not in kinds:
        raise ValueError
    return value


def _no_string(value: Any) -> Any:
    if isinstance(value, str | bytes):
        raise ValueError
    return value


def _either_container(kind: type, annotation: Any) -> Any:
    """What takes a list for a tuple, and a tuple for a list; other kinds stay as they are."""
    from pydantic import BeforeValidator

    if kind not in (list, tuple):
        return annotation
    # JSON, and so a saved model, has lists alone.
    return Annotated[annotation, BeforeValidator(functools.partial(_as_container, kind))]


def _as_container(kind: type, value: Any) -> Any:
    return kind(value) if isinstance(value, list | tuple) else value


def _python_number(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def in_words(annotation: Any, several: bool = False) -> str:
    """What fits an annotation, such as "a whole number from 1 up".

    `Annotated[Callable, "an encoder such as @conv_encoder"]` gives words of its own.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bounded(arguments[0], annotation.__metadata__, several)
    if origin is Literal:
        return _joined([repr(value) for value in arguments])
    if origin in (Union, types.UnionType):
        parts = [get_args(part) if get_origin(part) is Literal else () for part in arguments]
        words = [
            list(map(repr, values)) or [in_words(part, several)]
            for part, values in zip(arguments, parts)
        ]
        return _joined([word for some in words for word in some])
    kind = origin or annotation
    if kind in _NOUNS:
        return _NOUNS[kind][several]
    if kind is Callable:
        return "functions" if several else "a function"
    if kind in (dict, Mapping):
        noun = "dictionaries" if several else "a dictionary"
        return noun + (
            f" from {' to '.join(in_words(part, True) for part in arguments)}" if arguments else ""
        )
    if kind in _CONTAINERS:
        noun = "lists" if several else "a list"
        return noun + (f" of {in_words(arguments[0], True)}" if arguments else "")
    name = getattr(kind, "__name__", str(kind))
    nouns = _CLASSES.get(name, (f"an object of the class {name}", f"objects of the class {name}"))
    return nouns[several]


def _bounded(annotation: Any, bounds: Sequence[Any], several: bool) -> str:
    own = [bound for bound in bounds if isinstance(bound, str)]
    if own:
        return own[0]
    words = in_words(annotation, several)
    limits = [
        part for bound in bounds for part in (bound if isinstance(bound, Interval) else [bound])
    ]
    low = next((bound for bound in limits if isinstance(bound, Ge | Gt)), None)
    high = next((bound for bound in limits if isinstance(bound, Le | Lt)), None)
    if isinstance(low, Gt) and annotation is int:
        low = Ge(low.gt + 1)
    if isinstance(low, Ge) and isinstance(high, Le):
        words += f" from {low.ge} to {high.le}"
    elif low or high:
        parts = [f"from {low.ge}" if isinstance(low, Ge) else f"above {low.gt}"] if low else []
        parts += (
            [f"up to {high.le}" if isinstance(high, Le) else f"below {high.lt}"] if high else []
        )
        words += " " + (
            f"{parts[0]} up" if isinstance(low, Ge) and not high else " and ".join(parts)
        )
    length = next((bound.min_length for bound in limits if isinstance(bound, MinLen)), 0)
    return words + (", not empty" if length == 1 else f", at least {length}" if length else "")


def _joined(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} or {last}" if first else last
