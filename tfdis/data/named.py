"""The data sets by their gin names."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import tfdis.data
from tfdis.config import configurable
from tfdis.data.ground_truth import GroundTruthData
from tfdis.errors import UserError


@dataclass(frozen=True)
class NamedData:
    """The description of a data set, known before it is read.

    Attributes:
        name: its gin name.
        make: makes it, without arguments. Where it has the attributes `factor_names`,
            `factors_num_values` and `files`, `tfdis-data` shows and fetches them.
        source: where it comes from.
        licence: the terms that its authors give.
    """

    name: str
    make: Callable[[], GroundTruthData]
    source: str
    licence: str


_NAMED: dict[str, NamedData] = {}


def named_data(name: str, source: str, licence: str) -> Callable[[Callable], Callable]:
    """Registers a class or a function under a gin name: `dataset.name = "..."` then calls it."""

    def register(make: Callable[[], GroundTruthData]) -> Callable[[], GroundTruthData]:
        _NAMED[name] = NamedData(name, make, source, licence)
        return make

    return register


def all_named_data() -> dict[str, NamedData]:
    """Every registered data set, by name."""
    for info in pkgutil.iter_modules(tfdis.data.__path__, "tfdis.data."):
        importlib.import_module(info.name)
    return dict(sorted(_NAMED.items()))


def find_named_data(name: str) -> NamedData:
    """The data set registered under a name.

    Raises:
        UserError: there is none; lists the names.
    """
    known = all_named_data()
    if name not in known:
        raise UserError(f"There is no data set '{name}'; there are: {', '.join(known)}.")
    return known[name]


@configurable("dataset")
def get_named_ground_truth_data(name: str) -> GroundTruthData:
    """The data set of this name.

    Args:
        name: such as "sprites"; `tfdis-data list` shows them all.

    Raises:
        UserError: there is none of this name, or its files are missing or damaged.
    """
    return find_named_data(name).make()
