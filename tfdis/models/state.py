"""All that a training changes, found in a model and not listed by it."""

from collections.abc import Iterator
from typing import Any

import keras

from tfdis.losses.term import LossTerm


def state_of(model: keras.Model) -> dict[str, list[keras.Variable]]:
    """The variables of a model, of its loss terms and of every optimizer among their attributes.

    Args:
        model: compiled; its attributes, and those of its loss terms, may be layers, optimizers,
            and lists and dictionaries of them.

    Returns:
        Lists of variables under the names of the attributes that hold them, those of a term behind
        the term's name ("density_ratio_adversary", "density_ratio_optimizer"); each variable once.
        What belongs to no attribute is under "own".
    """
    seen: set[int] = set()
    parts: dict[str, list[keras.Variable]] = {}

    def add(name: str, variables: list[keras.Variable]) -> None:
        new = [variable for variable in variables if id(variable) not in seen]
        seen.update(map(id, new))
        if new:
            parts[name] = parts.get(name, []) + new

    terms = [each for _, each in _holders(model) if isinstance(each, LossTerm)]
    for prefix, owner in [("", model), *((f"{term.name}_", term) for term in terms)]:
        for name, holder in _holders(owner):
            if not isinstance(holder, LossTerm):
                add(f"{prefix}{name}", holder.variables)
        if isinstance(owner, LossTerm):
            add(owner.name, owner.variables)
    add("own", model.variables)
    return parts


def _holders(owner: Any) -> Iterator[tuple[str, Any]]:
    for name, value in vars(owner).items():
        if not name.startswith("_"):
            yield from ((name, each) for each in _flat(value))


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, keras.Layer | keras.optimizers.Optimizer):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _flat(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
