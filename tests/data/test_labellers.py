import gin
import numpy as np
import pytest

from tfdis.config import register_all
from tfdis.data.labelled import LabelledData
from tfdis.data.labellers import (
    bin_labeller,
    noisy_labeller,
    partial_labeller,
    perfect_labeller,
    permuted_labeller,
    sample_supervised_data,
)
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError


@pytest.fixture(scope="module")
def data():
    return Sprites()  # of 3, 6, 40, 32 and 32 values


@pytest.fixture
def factors(data):
    return data.sample_factors(2000, np.random.RandomState(1))


def _labelled(labeller, factors, data, **kwargs):
    before = factors.copy()
    labels, num_values = labeller(factors, data, np.random.RandomState(2), **kwargs)
    np.testing.assert_array_equal(factors, before)
    assert labels.dtype == np.float32
    assert np.all(labels >= 0)
    assert np.all(labels < np.asarray(num_values))
    return labels, list(num_values)


def test_perfect_labels_are_the_factors(data, factors):
    labels, num_values = _labelled(perfect_labeller, factors, data)
    np.testing.assert_array_equal(labels, factors)
    assert num_values == data.factors_num_values


def test_bins_are_of_equal_width(data, factors):
    labels, num_values = _labelled(bin_labeller, factors, data)
    assert num_values == [3, 5, 5, 5, 5]
    np.testing.assert_array_equal(labels[:, 0], factors[:, 0])
    # Six values in bins 1.2 wide; 40 in bins of eight; 32 in bins 6.4 wide.
    np.testing.assert_array_equal(labels[:, 1], np.array([0, 0, 1, 2, 3, 4])[factors[:, 1]])
    np.testing.assert_array_equal(labels[:, 2], factors[:, 2] // 8)
    np.testing.assert_array_equal(labels[:, 3], 10 * factors[:, 3] // 64)


def test_noise_replaces_as_many_labels_as_it_says(data, factors):
    labels, _ = _labelled(noisy_labeller, factors, data, prob_random=0.3)
    changed = np.mean(labels != factors, axis=0)
    sizes = np.array(data.factors_num_values)
    np.testing.assert_allclose(changed, 0.3 * (1 - 1 / sizes), atol=4 * np.sqrt(0.21 / 2000))
    np.testing.assert_array_equal(
        _labelled(noisy_labeller, factors, data, prob_random=0.0)[0], factors
    )


def test_permuted_labels_name_the_same_values_otherwise(data, factors):
    labels, num_values = _labelled(permuted_labeller, factors, data)
    assert num_values == data.factors_num_values
    for factor, size in enumerate(num_values):
        pairs = set(zip(factors[:, factor], labels[:, factor]))
        assert len(pairs) == size
        assert len({label for _, label in pairs}) == size
    assert np.any(labels[:, 2] != factors[:, 2])


def test_partial_labels_are_of_the_same_factors(data, factors):
    labels, num_values = _labelled(partial_labeller, factors, data, num_observed_factors=3)
    assert labels.shape == (2000, 3)
    for column, size in zip(labels.T, num_values):
        same = [f for f in range(5) if np.array_equal(factors[:, f], column)]
        assert [data.factors_num_values[f] for f in same] == [size]
    with pytest.raises(UserError, match=r"is 6, and 'sprites' has 5 factors"):
        _labelled(partial_labeller, factors, data, num_observed_factors=6)


def test_data_without_factors_have_no_labels():
    data = LabelledData(np.zeros((4, 8, 8, 1), np.uint8), name="mine")
    with pytest.raises(UserError, match="mine has no factors that could be labels"):
        sample_supervised_data(0, data, 2)


def test_a_labelled_set_is_a_function_of_its_seed(data):
    register_all()
    gin.parse_config("labeller.labeller_fn = @noisy_labeller\nnoisy_labeller.prob_random = 0.5")
    first, again, other = (sample_supervised_data(seed, data, 30) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert np.any(first.labels != other.labels)
    # disentanglement_lib's draws: the factors, then their images, then the labeller.
    random_state = np.random.RandomState(7)
    factors, images = data.sample(30, random_state)
    np.testing.assert_array_equal(first.images, images)
    expected = factors.astype(np.float32)
    for row in expected:
        for factor, size in enumerate(data.factors_num_values):
            if random_state.uniform() < 0.5:
                row[factor] = random_state.randint(size)
    np.testing.assert_array_equal(first.labels, expected)


def test_a_labelled_set_is_split_in_order(data):
    gin.parse_config("labeller.labeller_fn = @perfect_labeller")
    whole = sample_supervised_data(0, data, 31)
    train, test = whole.train_and_test(0.9)
    assert len(train.images) == len(train.labels) == 28
    np.testing.assert_array_equal(np.concatenate([train.labels, test.labels]), whole.labels)
    np.testing.assert_array_equal(np.concatenate([train.images, test.images]), whole.images)
    assert len(whole.train_and_test(1.0)[1].images) == 0
    with pytest.raises(UserError, match="above 0 and at most 1, not 90"):
        whole.train_and_test(90)
