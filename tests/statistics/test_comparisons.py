import numpy as np
import pytest
from scipy import stats

from tfdis.errors import UserError
from tfdis.statistics.comparisons import (
    bootstrap_interval,
    holm,
    permutation_test,
    seeds_to_detect,
)
from tfdis.statistics.stratified import (
    interquartile_mean,
    probability_of_improvement,
    stratified_bootstrap,
)


@pytest.mark.parametrize("count", [2, 5, 11])
def test_permutation_test_is_scipys(count):
    first, second = np.random.default_rng(count).normal(size=(2, count))
    theirs = stats.permutation_test(
        (first, second + 1),
        lambda a, b: np.mean(a - b),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert permutation_test(first - second - 1) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_permutation_test_of_many_pairs_is_near_the_t_test():
    differences = np.random.default_rng(0).normal(0.3, 1, size=60)
    theirs = stats.ttest_1samp(differences, 0).pvalue
    assert permutation_test(differences) == pytest.approx(theirs, abs=0.01)
    assert permutation_test(differences + 5) == pytest.approx(1 / 20_001)


def test_permutation_test_keeps_its_level():
    random = np.random.default_rng(0)
    found = [permutation_test(random.normal(size=8)) <= 0.05 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.02)


def test_equal_settings_differ_by_nothing():
    assert permutation_test(np.zeros(5)) == 1.0
    assert bootstrap_interval(np.zeros(5)) == (0.0, 0.0)


def test_bootstrap_is_scipys():
    differences = np.random.default_rng(1).normal(0.2, 1, size=25)
    theirs = stats.bootstrap((differences,), np.mean, method="percentile", rng=0, n_resamples=20000)
    found = bootstrap_interval(differences, num_resamples=20000)
    np.testing.assert_allclose(found, tuple(theirs.confidence_interval), atol=0.02)


def test_holm_by_its_definition():
    p_values = [0.01, 0.04, 0.03, 0.005, 0.9]
    # Sorted: 0.005 * 5, 0.01 * 4, 0.03 * 3, 0.04 * 2 (not below 0.09), 0.9.
    np.testing.assert_allclose(holm(p_values), [0.04, 0.09, 0.09, 0.025, 0.9])
    np.testing.assert_allclose(holm([0.6, 0.7]), [1.0, 1.0])
    assert holm([]).shape == (0,)
    # It rejects as the step-down procedure does.
    random = np.random.default_rng(0)
    for _ in range(50):
        drawn = random.uniform(0, 0.05, size=7)
        rejected = holm(drawn) <= 0.05
        ordered = np.sort(drawn)
        passed = ordered <= 0.05 / (7 - np.arange(7))
        count = 7 if passed.all() else int(np.argmin(passed))
        assert rejected.sum() == count


def test_seeds_to_detect_by_simulation():
    count = seeds_to_detect(0.5, 1.0)
    assert 30 < count < 38  # 34 in the tables of Cohen, 1988, for d = 0.5
    random = np.random.default_rng(0)

    def power(pairs):
        draws = random.normal(0.5, 1.0, size=(20_000, pairs))
        return np.mean(stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05)

    assert power(count) > 0.79
    assert power(count - 3) < 0.8
    assert seeds_to_detect(-0.5, 1.0) == count
    assert seeds_to_detect(5.0, 0.1) == 3 or seeds_to_detect(5.0, 0.1) == 2
    assert seeds_to_detect(0.1, 0.0) == 2
    assert seeds_to_detect(0.05, 1.0) > 3000
    with pytest.raises(UserError, match="No million seeds"):
        seeds_to_detect(0.0, 1.0)


def test_interquartile_mean_is_scipys_trimmed_mean():
    random = np.random.default_rng(0)
    for shape in ((5, 3), (7, 1), (3, 26), (4,)):
        scores = random.normal(size=shape)
        expected = stats.trim_mean(scores, 0.25, axis=None)
        assert interquartile_mean(scores) == pytest.approx(expected, abs=1e-12)


def test_probability_of_improvement_is_mann_and_whitneys_u():
    random = np.random.default_rng(0)
    first, second = np.round(random.normal(size=(6, 4)), 1), np.round(random.normal(size=(9, 4)), 1)
    expected = np.mean([stats.mannwhitneyu(a, b).statistic / 54 for a, b in zip(first.T, second.T)])
    assert probability_of_improvement(first, second) == pytest.approx(expected)
    assert probability_of_improvement(first, first) == pytest.approx(0.5)
    assert probability_of_improvement(list(first.T), list(second.T)) == pytest.approx(expected)


def test_stratified_bootstrap_draws_seeds_within_tasks():
    """Tasks that differ by far do not widen the interval; within one task it is scipy's."""
    scores = np.random.default_rng(0).normal(size=(12, 1))
    apart = np.concatenate([scores, scores + 1000], axis=1)
    low, high = stratified_bootstrap(lambda x: float(np.mean(np.concatenate(x))), apart)
    assert high - low < 2
    theirs = stats.bootstrap((scores[:, 0],), np.mean, method="percentile", rng=0)
    found = stratified_bootstrap(lambda x: float(np.mean(x[0])), scores, num_resamples=9999)
    np.testing.assert_allclose(found, tuple(theirs.confidence_interval), atol=0.03)
    low, high = stratified_bootstrap(probability_of_improvement, scores + 0.5, scores)
    assert low < probability_of_improvement(scores + 0.5, scores) < high


@pytest.mark.parametrize("differences", [[0.1], [], [0.1, np.nan], [[0.1, 0.2]]])
def test_pairs_that_cannot_be_compared(differences):
    for function in (permutation_test, bootstrap_interval):
        with pytest.raises(UserError, match="two or more pairs"):
            function(differences)
