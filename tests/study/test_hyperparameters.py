import importlib.util
import itertools
import sys

import gin
import numpy as np
import pytest

from tfdis.errors import UserError
from tfdis.study import hyperparameters as h


@pytest.fixture(scope="module")
def dlib():
    """disentanglement_lib's own module, which imports nothing but six."""
    package = importlib.util.find_spec("disentanglement_lib").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("dlib_h", f"{package}/utils/hyperparams.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "disentanglement_lib" not in sys.modules
    return module


A = [{"a": 1}, {"a": 2}]
B = [{"b": "x"}, {"b": "y"}, {"b": "z"}]
C = [{"c": None}]
D = [{"d": 4}, {"d": 5}, {"a": 7}]


def copies(parts):
    return [[dict(setting) for setting in part] for part in parts]


@pytest.mark.parametrize("parts", [*list(itertools.permutations([A, B, C])), [A], [D, A]])
def test_product_and_chain_are_disentanglement_libs(dlib, parts):
    assert h.product(copies(parts)) == dlib.product(copies(parts))
    assert h.chained(copies(parts)) == dlib.chainit(copies(parts))


@pytest.mark.parametrize("parts", [[A, C], [C, B], [B, D], [D, B], [C, C, A], [A], [C, B, D, C]])
def test_zip_is_disentanglement_libs(dlib, parts):
    expected = dlib.zipit(copies(parts))
    zipped = h.zipped(copies(parts))
    assert zipped == expected
    assert [list(setting) for setting in zipped] == [list(setting) for setting in expected]


def test_zip_leaves_its_parts_alone():
    parts = copies([C, B])
    h.zipped(parts)
    assert parts == [C, B]


def test_zip_of_different_lengths_names_them():
    with pytest.raises(UserError, match=r"\[2, 3\]"):
        h.zipped([A, B])


def test_a_list_may_hold_references():
    setting = {"a.terms": ["@kl()", ["@x", 1, "text"]], "b": ("@kl",)}
    assert h.to_bindings(setting) == ["a.terms = [@kl(), [@x, 1, 'text']]", "b = ('@kl',)"]


def test_bindings_are_disentanglement_libs(dlib):
    setting = {"a.x": "text", "b": "@vae()", "c": 1.0, "d": 100000, "e": [1, "f"], "g": True}
    assert h.to_bindings(setting) == dlib.to_bindings(setting)


def test_a_string_with_quotes_survives_gin():
    @gin.configurable("quoted_for_test", module="tests")
    def quoted(text):
        return text

    text = 'it\'s "so"\\'
    gin.parse_config(h.to_bindings({"quoted_for_test.text": text}))
    assert quoted() == text


def test_fixed_categorical_and_discrete():
    assert h.fixed("a", 3, length=2) == [{"a": 3}, {"a": 3}]
    assert h.categorical("a", ["x", None]) == [{"a": "x"}, {"a": None}]
    assert h.discrete("a", [1, 2.5]) == [{"a": 1}, {"a": 2.5}]
    with pytest.raises(UserError, match="'x'"):
        h.discrete("a", [1, "x"])


def test_grid_is_the_product_of_its_values():
    bindings = {"a": [1, 2], "m": "@vae()", "b": ["x", "y", "z"]}
    assert h.grid(bindings) == h.product([A, [{"m": "@vae()"}], B])


def test_random_draws_within_its_distributions_and_again_the_same():
    bindings = {
        "a": lambda state: h.uniform(state, 2.0, 3.0),
        "b": lambda state: h.log_uniform(state, 1e-4, 1e-1),
        "c": lambda state: h.uniform_integer(state, 1, 3),
        "d": ["x", "y"],
        "e": "@vae()",
    }
    settings = h.random(bindings, num_settings=2000, seed=3)
    columns = {name: np.array([setting[name] for setting in settings]) for name in bindings}
    assert columns["a"].min() >= 2
    assert columns["a"].max() <= 3
    # The median of a log-uniform draw is the geometric mean of its ends.
    assert np.median(np.log10(columns["b"])) == pytest.approx(-2.5, abs=0.15)
    assert set(columns["c"]) == {1, 2, 3}
    assert set(columns["d"]) == {"x", "y"}
    assert set(columns["e"]) == {"@vae()"}
    assert h.random(bindings, num_settings=10, seed=3) == settings[:10]
    assert h.random(bindings, num_settings=10, seed=4) != settings[:10]
