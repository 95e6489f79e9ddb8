import gin
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfdis.config import register_all
from tfdis.data.groups import GridGroups, LookedUpGroups, dynamics, listed_pairs, pairs
from tfdis.data.labelled import LabelledData
from tfdis.data.norb import SmallNORB
from tfdis.data.rooms import Rooms
from tfdis.data.sampling import split
from tfdis.errors import UserError
from tfdis.keys import step_key

BATCH = 4000


@pytest.fixture(scope="module")
def rooms():
    return Rooms()


@pytest.fixture
def few_rooms(monkeypatch):
    monkeypatch.setattr(Rooms, "factors_num_values", [2, 2, 2, 8, 4, 2])
    return Rooms.__new__(Rooms)  # its draws need no pictures


@pytest.fixture(scope="module")
def scattered():
    """500 of the 1,200 combinations of three factors, some of them several times."""
    rng = np.random.default_rng(0)
    factors = rng.integers(0, (10, 12, 10), (500, 3))
    return LabelledData(np.zeros((500, 2, 2, 1), np.uint8), factors, ["a", "b", "c"])


@pytest.fixture(scope="module")
def covering():
    """Three images of each of 120 combinations, in random order."""
    cells = np.random.default_rng(0).permutation(np.repeat(np.arange(120), 3))
    factors = np.stack(np.unravel_index(cells, (4, 5, 6)), axis=1)
    return LabelledData(np.zeros((360, 2, 2, 1), np.uint8), factors, ["a", "b", "c"])


def _drawn(draw, data, batch_size=BATCH, key=(0, 1)):
    indices = draw(step_key(*key), batch_size).numpy()
    groups = data.factors(indices).reshape(-1, draw.group_size, data.num_factors)
    shared = draw.shared(step_key(*key), batch_size).numpy()
    shared = shared.reshape(-1, draw.group_size, data.num_factors)
    np.testing.assert_array_equal(shared, np.repeat(shared[:, :1], draw.group_size, axis=1))
    shared = shared[:, 0]
    assert np.all((groups == groups[:, :1]).all(axis=1) | ~shared)
    return indices, groups, shared


def test_of_labelled_images_that_cover_the_grid_each_is_drawn_as_often(covering):
    indices, _, _ = _drawn(pairs(covering, 1), covering, 40_000)
    second = np.bincount(indices.reshape(-1, 2)[:, 1], minlength=360)
    assert scipy.stats.chisquare(second).pvalue > 1e-3


@pytest.mark.parametrize("data_name", ["rooms", "scattered", "covering"])
@pytest.mark.parametrize("group_size", [2, 4])
def test_all_but_k_factors_are_shared(data_name, group_size, request):
    data = request.getfixturevalue(data_name)
    for k in (1, 2):
        draw = pairs(data, k, group_size)
        _, groups, shared = _drawn(draw, data)
        assert set(np.sum(~shared, axis=1)) == {k}
        # Every factor changes as often as every other.
        assert scipy.stats.chisquare(np.sum(~shared, axis=0)).pvalue > 1e-3
        assert np.mean(np.any(groups != groups[:, :1], axis=(1, 2))) > 0.25


def test_first_images_are_uniform_and_changed_values_too(rooms):
    _, groups, shared = _drawn(pairs(rooms, 1), rooms)
    for factor, size in enumerate(rooms.factors_num_values):
        assert (
            scipy.stats.chisquare(np.bincount(groups[:, 0, factor], minlength=size)).pvalue > 1e-3
        )
        anew = groups[~shared[:, factor], 1, factor]
        assert scipy.stats.chisquare(np.bincount(anew, minlength=size)).pvalue > 1e-3


def test_the_number_of_changed_factors_is_drawn(rooms):
    _, _, shared = _drawn(pairs(rooms, -1), rooms)
    counts = np.bincount(np.sum(~shared, axis=1), minlength=7)
    assert counts[0] == counts[6] == 0
    assert scipy.stats.chisquare(counts[1:6]).pvalue > 1e-3


@pytest.mark.parametrize(("k", "chances"), [(3, [0.5, 0, 0.5, 0, 0]), (-1, [0.6, *[0.1] * 4])])
def test_dynamics_changes_one_factor_of_every_other_pair(rooms, k, chances):
    # disentanglement_lib: random_state.choice([1, k_observed]), k_observed drawn below num_factors.
    _, _, shared = _drawn(dynamics(rooms, k), rooms)
    counts = np.bincount(np.sum(~shared, axis=1), minlength=6)[1:6]
    seen = np.array(chances) > 0
    assert counts[~seen].sum() == 0
    assert scipy.stats.chisquare(counts[seen], 2000 * np.array(chances)[seen]).pvalue > 1e-3


def test_where_no_grid_is_covered_every_like_image_is_drawn_as_often(scattered):
    draw = pairs(scattered, 1)
    assert isinstance(draw, LookedUpGroups)
    indices, _, shared = _drawn(draw, scattered, 40_000)
    first, second = indices.reshape(-1, 2).T
    every = scattered.factors(np.arange(500))
    for factor in range(3):
        kept = np.delete(every, factor, axis=1)
        changed = ~shared[:, factor]
        image = np.bincount(first[changed]).argmax()
        like = np.flatnonzero((kept == kept[image]).all(axis=1))
        partners = second[changed & (first == image)]
        assert set(partners) <= set(like)
    everything = [(first == second)[~shared[:, factor]].mean() for factor in range(3)]
    sizes = [
        np.mean([1 / np.sum((k == row).all(axis=1)) for row in k])
        for k in (np.delete(every, factor, axis=1) for factor in range(3))
    ]
    np.testing.assert_allclose(everything, sizes, atol=0.02)


@pytest.mark.slow
def test_a_split_holds_out_partners_too(rooms):
    register_all()
    gin.bind_parameter("split.held_out_combinations", 0.5)
    gin.bind_parameter("split.factors", ("scale", "shape"))
    draw = pairs(rooms, 1)
    assert isinstance(draw, LookedUpGroups)
    _, groups, _ = _drawn(draw, rooms)
    seen = {tuple(row) for row in groups[..., 3:5].reshape(-1, 2)}
    assert len(seen) == 16


@pytest.mark.parametrize(
    ("data_name", "ranges", "share"),
    [
        ("few_rooms", {"scale": (4, 7), "shape": (2, 3)}, 0.0),
        ("scattered", {"a": (5, 9), "b": (6, 11)}, 0.5),
    ],
)
def test_no_image_of_a_group_is_held_out(data_name, ranges, share, request):
    data = request.getfixturevalue(data_name)
    gin.bind_parameter("held_out.ranges", ranges)
    gin.bind_parameter("split.held_out_images", share)
    indices, groups, _ = _drawn(pairs(data, 2, 4), data)
    values = [groups[..., data.factor_names.index(name)] for name in ranges]
    within = [(low <= each) & (each <= high) for each, (low, high) in zip(values, ranges.values())]
    assert not np.any(within[0] & within[1])
    assert np.all([each.any(axis=0) for each in within])  # at every place in a group
    assert not share or split(data)[indices].all()


def test_what_is_no_factor_is_drawn_anew(monkeypatch):
    data = SmallNORB.__new__(SmallNORB)  # its draws need no files
    draw = pairs(data, 1)
    assert isinstance(draw, GridGroups)
    indices, _, _ = _drawn(draw, data)
    instance = np.stack(np.unravel_index(indices, data.grid), axis=-1)
    nuisance = [axis for axis in range(len(data.grid)) if axis not in data.factor_axes]
    first, second = instance[:, nuisance].reshape(-1, 2, len(nuisance)).transpose(1, 0, 2)
    assert 0.5 < np.mean(first != second) < 0.99


def test_a_list_of_groups(tmp_path, scattered):
    groups = np.random.default_rng(1).integers(0, 500, (50, 3))
    np.save(tmp_path / "groups.npy", groups)
    draw = listed_pairs(scattered, str(tmp_path / "groups.npy"))
    indices, drawn, shared = _drawn(draw, scattered, 9000)
    rows = {tuple(row) for row in indices.reshape(-1, 3)}
    assert rows == {tuple(row) for row in groups}
    np.testing.assert_array_equal(shared, (drawn == drawn[:, :1]).all(axis=1))
    unlabelled = LabelledData(np.zeros((500, 2, 2, 1), np.uint8))
    assert listed_pairs(unlabelled, str(tmp_path / "groups.npy")).shared(step_key(0, 0), 9) is None


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (np.zeros((4, 2)), "not float64"),
        (np.zeros((4, 1), int), r"of shape \[4, 1\]"),
        (np.array([[0, 500]]), "indices 0 to 500, and 'arrays' has 500 images"),
    ],
)
def test_a_list_that_does_not_fit_is_told(groups, told, tmp_path, scattered):
    np.save(tmp_path / "groups.npy", groups)
    with pytest.raises(UserError, match=told):
        listed_pairs(scattered, str(tmp_path / "groups.npy"))
    with pytest.raises(UserError, match=r"is not an \.npy file"):
        listed_pairs(scattered, str(tmp_path / "nowhere.npy"))


@pytest.mark.parametrize("damage", ["empty", "cut", "npz", "cut npz"])
def test_a_list_that_cannot_be_read_is_told(damage, tmp_path, scattered):
    path = tmp_path / "groups.npy"
    with path.open("wb") as file:
        save = np.savez if "npz" in damage else np.save
        save(file, np.zeros((4, 2), int))
    length = {"empty": 0, "npz": None}.get(damage, -9)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=rf"{path} is not an \.npy file that can be read"):
        listed_pairs(scattered, str(path))


def test_ks_that_cannot_be_are_told(scattered):
    with pytest.raises(UserError, match=r"k is 4: 'arrays' has 3 factors"):
        pairs(scattered, 4)
    with pytest.raises(UserError, match="has 0: give a list"):
        pairs(LabelledData(np.zeros((5, 2, 2, 1), np.uint8)), 1)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_feed_gives_groups_in_the_graph(rooms, jit_compile):
    draw = pairs(rooms, 1)
    feed = rooms.feed(draw)

    @tf.function(jit_compile=jit_compile)
    def batch(step):
        inputs = feed.batch((), 0, step_key(9, step), 64)
        assert inputs.group_size == 2
        return inputs.images, inputs.factors, inputs.shared

    images, factors, shared = batch(tf.constant(1))
    indices, groups, expected = _drawn(draw, rooms, 64, (9, 1))
    np.testing.assert_allclose(255 * images, rooms.images(indices), atol=1e-4)
    np.testing.assert_array_equal(factors, groups.reshape(64, -1))
    np.testing.assert_array_equal(shared[::2], expected)
    assert np.any(factors != batch(tf.constant(2))[1])
