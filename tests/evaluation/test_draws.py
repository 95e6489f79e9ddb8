import numpy as np
import pytest
from tables import IndexImages, NuisanceImages

from tfdis.data.dummy_data import DummyData
from tfdis.evaluation.draws import draws_by_factors_alone, grouped_factors


@pytest.mark.parametrize("sizes", [[3, 6, 40, 32, 32], [4, 24, 183], [1, 2, 1, 257], [5]])
@pytest.mark.parametrize("num_sets", [1, 2])
@pytest.mark.parametrize("seed", [0, 1])
def test_same_draws_as_one_call_per_factor(sizes, num_sets, seed):
    """And the random state goes on from the same place."""
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    fixed, factors = grouped_factors(sizes, 30, num_sets, 7, ours)
    data = IndexImages(sizes)
    for i in range(30):
        assert fixed[i] == theirs.randint(len(sizes))
        for each in range(num_sets):
            np.testing.assert_array_equal(factors[i, each], data.sample_factors(7, theirs))
    assert ours.uniform() == theirs.uniform()


def test_more_words_than_expected_are_needed():
    """A handful of draws can take many more words than on average."""
    for seed in range(200):
        ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
        fixed, _ = grouped_factors([2] * 33, 1, 1, 1, ours)
        assert fixed[0] == theirs.randint(33)


def test_which_data_draw_nothing_besides():
    assert draws_by_factors_alone(IndexImages([3, 4]))
    assert not draws_by_factors_alone(NuisanceImages([3, 4]))
    assert not draws_by_factors_alone(DummyData())
