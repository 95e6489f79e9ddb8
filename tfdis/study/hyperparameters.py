"""Lists of settings to train one model with each, and the ways to combine them.

A setting is a dictionary from a gin parameter to its value. The order of the results is that of
disentanglement_lib's `utils/hyperparams.py`, so that a model's number means the same here. In gin:

    sweep.settings = @product()
    product.parts = [@strengths/chain(), @seeds/grid()]
    strengths/chain.parts = [@vae/grid(), @annealed_vae/grid()]
    vae/grid.bindings = {'model.model': '@vae()', 'vae.beta': [1.0, 8.0]}
    annealed_vae/grid.bindings = {'model.model': '@annealed_vae()', 'annealed_vae.c_max': 5.0}
    seeds/grid.bindings = {'model.random_seed': [0, 1]}
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count, Positive, Seed
from tfdis.config import configurable
from tfdis.errors import UserError

Setting = dict[str, Any]
Settings = list[Setting]


@configurable("single")  # disentanglement_lib has an annealer of the name "fixed"
def fixed(name: str = gin.REQUIRED, value: Any = gin.REQUIRED, length: Count = 1) -> Settings:
    """The same value `length` times.

    Example:
        >>> fixed("vae.beta", 4.0)
        [{'vae.beta': 4.0}]
    """
    return [{name: value} for _ in range(length)]


@configurable("categorical")
def categorical(name: str = gin.REQUIRED, values: Sequence[Any] = gin.REQUIRED) -> Settings:
    """One setting per value of any type."""
    return [{name: value} for value in values]


@configurable("discrete")
def discrete(name: str = gin.REQUIRED, values: Sequence[float] = gin.REQUIRED) -> Settings:
    """One setting per number."""
    return categorical(name, values)


@configurable("zip")
def zipped(parts: Sequence[Settings] = gin.REQUIRED) -> Settings:
    """Joins the first settings of all parts, the second ones, and so on.

    A part of a single setting joins every one of the others.

    Raises:
        UserError: the parts have different lengths.
    """
    length = max((len(part) for part in parts), default=0)
    if any(len(part) not in (1, length) for part in parts):
        raise UserError(
            f"zip.parts need one length, or 1; received {[len(part) for part in parts]} settings."
        )
    repeated = [part * length if len(part) == 1 else part for part in parts]
    return [_joined(settings) for settings in zip(*repeated)]


@configurable("chain")
def chained(parts: Sequence[Settings] = gin.REQUIRED) -> Settings:
    """The settings of the first part, then those of the second, and so on."""
    return list(itertools.chain.from_iterable(parts))


@configurable("product")
def product(parts: Sequence[Settings] = gin.REQUIRED) -> Settings:
    """Every setting of one part with every setting of the others; the last part varies fastest."""
    return [_joined(settings) for settings in itertools.product(*parts)]


@configurable("grid")
def grid(bindings: Mapping[str, Any] = gin.REQUIRED) -> Settings:
    """Every combination of the values; a value that is not a list is the same in all settings.

    Example:
        >>> grid({"model.model": "@vae()", "vae.beta": [1.0, 4.0]})
        [{'model.model': '@vae()', 'vae.beta': 1.0}, {'model.model': '@vae()', 'vae.beta': 4.0}]
    """
    return product([categorical(name, _listed(values)) for name, values in bindings.items()])


@configurable("random")
def random(
    bindings: Mapping[str, Any] = gin.REQUIRED,
    num_settings: Count = gin.REQUIRED,
    seed: Seed = 0,
) -> Settings:
    """Independent draws of every parameter.

    Args:
        bindings: from a parameter to a list to choose from, to a distribution (`@uniform`,
            `@log_uniform`, `@uniform_integer`, any function of a numpy RandomState), or to a
            value that is the same throughout.
        num_settings: how many settings.
        seed: of the draws; the first settings of a longer list are those of a shorter one.
    """
    random_state = np.random.RandomState(seed)
    return [
        {name: _drawn(value, random_state) for name, value in bindings.items()}
        for _ in range(num_settings)
    ]


@configurable("uniform", denylist=["random_state"])
def uniform(
    random_state: np.random.RandomState, low: float = gin.REQUIRED, high: float = gin.REQUIRED
) -> float:
    """A float between `low` and `high`."""
    return random_state.uniform(low, high)


@configurable("log_uniform", denylist=["random_state"])
def log_uniform(
    random_state: np.random.RandomState,
    low: Positive = gin.REQUIRED,
    high: Positive = gin.REQUIRED,
) -> float:
    """A float between `low` and `high`, both positive, whose logarithm is uniform."""
    return math.exp(random_state.uniform(math.log(low), math.log(high)))


@configurable("uniform_integer", denylist=["random_state"])
def uniform_integer(
    random_state: np.random.RandomState, low: int = gin.REQUIRED, high: int = gin.REQUIRED
) -> int:
    """An integer from `low` to `high`, both included."""
    return int(random_state.randint(low, high + 1))


def to_bindings(setting: Setting) -> list[str]:
    """The setting as lines of gin; a string that starts with @ is a reference, also in a list."""
    return [f"{name} = {_text(value)}" for name, value in setting.items()]


def _text(value: Any) -> str:
    if isinstance(value, str) and value.startswith("@"):
        return value
    if isinstance(value, list):
        return f"[{', '.join(_text(each) for each in value)}]"
    return repr(value)


def _joined(settings: Sequence[Setting]) -> Setting:
    return {name: value for setting in settings for name, value in setting.items()}


def _listed(values: Any) -> Sequence[Any]:
    return values if isinstance(values, list | tuple) else [values]


def _drawn(value: Any | Callable, random_state: np.random.RandomState) -> Any:
    if callable(value):
        return value(random_state)
    if isinstance(value, list | tuple):
        return value[random_state.randint(len(value))]
    return value
