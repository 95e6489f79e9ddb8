"""Correlated factors and held-out parts of the grid, published ones by name."""

import numpy as np
import pytest

from tfdis.data.labelled import LabelledData
from tfdis.data.named import find_named_data
from tfdis.data.sampling import correlated_factors, held_out, training_weights
from tfdis.data.shifts import CORRELATIONS, HELD_OUT
from tfdis.errors import UserError

_SIZES = [4, 5, 6]


@pytest.fixture
def data():
    rows = np.stack(np.unravel_index(np.arange(120), _SIZES), axis=-1)
    rows = np.random.default_rng(0).permutation(rows)
    return LabelledData(np.zeros((120, 4, 4, 1), np.uint8), rows, ("shape", "x", "y"), "grid")


class Grid:
    """A published data set without its files."""

    def __init__(self, name):
        made = find_named_data(name).make
        self.name, self.factor_names = name, made.factor_names
        self.factors_num_values = made.factors_num_values
        self.num_images = int(np.prod(self.factors_num_values))

    def factors(self, indices):
        return np.stack(np.unravel_index(indices, self.factors_num_values), axis=-1)


def pair_weight(rows, one, other, sigma):
    scaled = rows / (np.array(_SIZES) - 1)
    return np.exp(-((scaled[:, one] - scaled[:, other]) ** 2) / (2 * sigma**2))


def test_pairs_multiply(data):
    rows = data.factors(np.arange(120))
    found = correlated_factors(data, pairs=[("shape", "x"), ("x", "y")], sigma=0.3)
    expected = pair_weight(rows, 0, 1, 0.3) * pair_weight(rows, 1, 2, 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    both = correlated_factors(data, factors=["shape", "x"], pairs=[("x", "y")], sigma=0.3)
    np.testing.assert_allclose(both, expected, rtol=1e-6)


def test_a_confounder_goes_with_every_other_factor(data):
    rows = data.factors(np.arange(120))
    found = correlated_factors(data, confounder="x", sigma=0.2)
    expected = pair_weight(rows, 1, 0, 0.2) * pair_weight(rows, 1, 2, 0.2)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("kind", ["composition", "interpolation", "extrapolation"])
def test_kinds_of_splits(data, kind):
    rows = data.factors(np.arange(120))
    kept = held_out(data, kind, ["x", "y"], share=0.25) == 1
    x, y = rows[:, 1], rows[:, 2]
    expected = {
        # 0.25 = 0.5 * 0.5: the upper half of each (two of five, three of six).
        "composition": (x >= 3) & (y >= 3),
        "interpolation": np.isin(x, [1, 3]) | np.isin(y, [1, 3]),
        # 1 - 0.75 ** 0.5 = 0.134 of each.
        "extrapolation": (x >= 4) | (y >= 5),
    }[kind]
    np.testing.assert_array_equal(~kept, expected)
    outside = held_out(data, kind, ["x", "y"], share=0.25, part="held_out")
    np.testing.assert_array_equal(outside, expected)
    if kind == "composition":  # every value is seen in training
        assert set(x[kept]) == set(range(5))
        assert set(y[kept]) == set(range(6))


def test_ranges(data):
    rows = data.factors(np.arange(120))
    kept = held_out(data, ranges={"shape": (1, 2), "y": (5, 5)})
    expected = np.isin(rows[:, 0], [1, 2]) & (rows[:, 2] == 5)
    np.testing.assert_array_equal(kept, ~expected)
    assert training_weights(data) is None


@pytest.mark.parametrize("name", [name for name in CORRELATIONS if "cars3d" not in name])
def test_published_correlations_fit_their_data_sets(name):
    known = CORRELATIONS[name]
    data = Grid(known.data_set)
    for factor in {*sum(known.pairs, ()), *([known.confounder] if known.confounder else [])}:
        assert factor in data.factor_names
    assert bool(known.pairs) != bool(known.confounder)


def test_published_correlation_is_its_formula():
    """Träuble et al.: sigma 0.2 between object size and azimuth."""
    data = Grid("shapes3d")
    found = correlated_factors(data, published="traeuble_shapes3d_02")
    rows = data.factors(np.arange(data.num_images)[::997])
    size, azimuth = rows[:, 3] / 7, rows[:, 5] / 14
    expected = np.exp(-((size - azimuth) ** 2) / (2 * 0.2**2))
    np.testing.assert_allclose(found[::997], expected, rtol=1e-5)


@pytest.mark.parametrize("name", HELD_OUT)
def test_published_ranges_fit_their_data_sets(name):
    known = HELD_OUT[name]
    data = Grid(known.data_set)
    kept = held_out(data, published=name)
    sizes = dict(zip(data.factor_names, data.factors_num_values))
    share = np.prod([(b - a + 1) / sizes[factor] for factor, (a, b) in known.ranges.items()])
    assert 1 - kept.mean(dtype=np.float64) == pytest.approx(share, rel=1e-6)
    if "extrapolation" in name:
        assert share == 0.5


def test_monteros_filters_by_values():
    """The filters are on values; ours are on their numbers."""
    x = np.linspace(0, 1, 32)
    assert HELD_OUT["montero_dsprites_extrapolation"].ranges["x"] == (np.argmax(x > 0.5), 31)
    ranges = HELD_OUT["montero_dsprites_recombination_to_element"].ranges
    assert ranges["x"] == (np.argmax(x > 0.66), 31)
    angle = np.linspace(0, 2 * np.pi, 40)
    held = np.flatnonzero((angle > 2 * np.pi / 3 + 1e-9) & (angle < 4 * np.pi / 3 - 1e-9))
    assert ranges["orientation"] == (held[0], held[-1])
    ranges = HELD_OUT["montero_shapes3d_recombination_to_element"].ranges
    assert ranges["scale"] == (np.argmax(np.linspace(0.75, 1.25, 8) >= 1.1), 7)
    assert ranges["orientation"] == (np.argmax(np.linspace(-30, 30, 15) > 20), 14)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "composition", "factors": ["x"]}, "two at least"),
        ({"kind": "extrapolation"}, "one at least"),
        ({"ranges": {"x": (3, 5)}}, r"from 0 to 4"),
        ({"ranges": {"colour": (0, 1)}}, "no factor 'colour'"),
        ({"published": "x"}, "No published shift is named 'x'; there are: montero_"),
        ({"kind": "sideways"}, "'composition'"),
    ],
)
def test_what_cannot_be_held_out(data, arguments, message):
    with pytest.raises(UserError, match=message):
        held_out(data, **arguments)
