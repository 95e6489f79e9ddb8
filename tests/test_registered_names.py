"""Every parameter that gin can bind refuses what its annotation does not allow."""

import collections.abc
import inspect
import math
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from unittest.mock import Mock

import gin
import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval, Le, Lt, MinLen

from tfdis import config
from tfdis.errors import UserError

# What takes any object: disentanglement_lib's data sets have no class in common with ours, and a
# study's values are those of the parameters that they are bound to.
_ANYTHING = {"ground_truth_data", "representation_function", "fixed.value", "single.value"}

config.register_all()
_NAMES = sorted(
    selector.removeprefix("tfdis.")
    for selector in gin.config._REGISTRY._selector_map
    if selector.startswith("tfdis.")
)


def _registered(name):
    return gin.config._REGISTRY[f"tfdis.{name}"]


def _parameters(name):
    return inspect.signature(_registered(name).wrapped, eval_str=True).parameters.values()


def _bounds(metadata):
    return [
        part for bound in metadata for part in (bound if isinstance(bound, Interval) else [bound])
    ]


def _is_right(value, annotation):
    """What an annotation means, written anew."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return True
    if annotation in (None, type(None)):
        return value is None
    if origin is Annotated:
        if not _is_right(value, arguments[0]):
            return False
        kept = {
            Ge: lambda bound: value >= bound.ge,
            Gt: lambda bound: value > bound.gt,
            Le: lambda bound: value <= bound.le,
            Lt: lambda bound: value < bound.lt,
            MinLen: lambda bound: len(value) >= bound.min_length,
            str: lambda bound: True,
        }
        return all(kept[type(bound)](bound) for bound in _bounds(annotation.__metadata__))
    if origin in (Union, types.UnionType):
        return any(_is_right(value, part) for part in arguments)
    if origin is Literal:
        return value in arguments and type(value) in map(type, arguments)
    if annotation is int:
        return type(value) is int
    if annotation is float:
        return type(value) in (int, float, np.float64) and math.isfinite(value)
    kind = origin or annotation
    if kind is collections.abc.Callable:
        return callable(value)
    if kind in (collections.abc.Mapping, dict):
        return isinstance(value, dict) and all(
            _is_right(key, arguments[0]) and _is_right(item, arguments[1])
            for key, item in value.items()
        )
    if kind in (collections.abc.Sequence, list):
        return isinstance(value, list | tuple) and all(
            _is_right(item, arguments[0]) for item in value
        )
    if kind is tuple:
        listed = isinstance(value, list | tuple)
        if arguments[-1] is Ellipsis:
            arguments = arguments[:1] * len(value) if listed else ()
        fitting = listed and len(value) == len(arguments)
        return fitting and all(map(_is_right, value, arguments))
    if getattr(kind, "_is_protocol", False):
        return not isinstance(value, int | float | str | list | dict | type(None) | bytes)
    return isinstance(value, kind)


def _numbers(annotation):
    """Numbers at, below and above every bound that stands anywhere in an annotation."""
    if get_origin(annotation) is Annotated:
        for bound in _bounds(annotation.__metadata__):
            for limit in (getattr(bound, key, None) for key in ("ge", "gt", "le", "lt")):
                if limit is not None:
                    yield from (limit - 1, limit, limit + 1, (limit or 1) / 2)
    for part in get_args(annotation):
        yield from _numbers(part)


def _candidates(annotation):
    simple = [None, True, 1.5, -1.5, "16", "no such", 3, b"x", math.nan, math.inf, [], {}]
    simple += [*_numbers(annotation), np.float64(1.5)]
    kinds = {get_origin(part) for part in _parts(annotation)}
    lists = [[each] for each in simple] if kinds & {list, collections.abc.Sequence} else [[None]]
    tables = [{"key": each} for each in simple] if collections.abc.Mapping in kinds else [{1: 1}]
    return [*simple, *lists, *tables]


def _a_right_value(annotation):
    """Something for the parameters that are not the test's."""
    literals = [value for part in _parts(annotation) for value in get_args(part)]
    classes = [part for part in _parts(annotation) if isinstance(part, type)]
    mocks = [Mock(spec=part) for part in classes if part.__module__ != "builtins"]
    pool = [*mocks, print, "x", 0.5, 1, 2, ["x"], [1], [print], [[1]], (1, 2)]
    pool += [*_candidates(annotation), *literals, *([mock] for mock in mocks), tuple(mocks)]
    return next(value for value in pool if _is_right(value, annotation))


def _parts(annotation):
    yield annotation
    for part in get_args(annotation):
        if part is not Ellipsis:
            yield from _parts(part)


@pytest.mark.parametrize("name", _NAMES)
def test_every_parameter_has_an_annotation_that_its_default_fits(name):
    for parameter in _parameters(name):
        assert parameter.annotation is not parameter.empty, parameter
        assert parameter.kind is not parameter.VAR_KEYWORD, parameter
        if parameter.annotation is Any:
            assert {parameter.name, f"{name}.{parameter.name}"} & _ANYTHING, parameter
        if parameter.default not in (parameter.empty, gin.REQUIRED):
            assert _is_right(parameter.default, parameter.annotation), parameter


@pytest.mark.parametrize("name", _NAMES)
def test_every_parameter_refuses_a_wrong_value(name):
    registered = _registered(name)
    needed = {
        parameter.name: _a_right_value(parameter.annotation)
        for parameter in _parameters(name)
        if parameter.default in (parameter.empty, gin.REQUIRED)
    }
    for parameter in _parameters(name):
        if {parameter.name, f"{name}.{parameter.name}"} & _ANYTHING:
            continue
        wrong = [
            value
            for value in _candidates(parameter.annotation)
            if not _is_right(value, parameter.annotation)
        ]
        assert len(wrong) > 5, parameter
        by_gin = parameter.name not in (registered.denylist or ()) and parameter.name in (
            registered.allowlist or [parameter.name]
        )
        for value in wrong:
            arguments = {key: item for key, item in needed.items() if key != parameter.name}
            gin.clear_config()
            if by_gin:
                gin.bind_parameter(f"{name}.{parameter.name}", value)
            else:
                arguments[parameter.name] = value
            with pytest.raises(UserError) as caught:
                registered.wrapper(**arguments)
            message = str(caught.value).split("\n")[0]
            assert message.startswith(f"{name}.{parameter.name} is {value!r}"), (value, message)
            assert ": expected " in message
            assert ("bound as" in message) == by_gin
