import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn import ensemble

from tfdis.metrics.boosting import GradientBoostingClassifier, available_threads


def continuous(num_classes, num_samples=400, seed=0):
    random = np.random.RandomState(seed)
    y = random.randint(num_classes, size=num_samples)
    x = random.randn(num_samples, 4)
    x[:, 0] += y
    x[:, 1] *= 1 + y % 3
    return x, y


def both(x, y, random_state=0):
    return (
        GradientBoostingClassifier(random_state=random_state, num_threads=2).fit(x, y),
        ensemble.GradientBoostingClassifier(random_state=random_state).fit(x, y),
    )


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_equals_scikit_learn_where_no_values_tie(num_classes):
    x, y = continuous(num_classes)
    test_x, test_y = continuous(num_classes, seed=1)
    ours, theirs = both(x, y)
    for inputs in (x, test_x):
        np.testing.assert_allclose(
            ours.predict_proba(inputs), theirs.predict_proba(inputs), rtol=1e-12, atol=1e-14
        )
        np.testing.assert_array_equal(ours.predict(inputs), theirs.predict(inputs))
        np.testing.assert_allclose(
            ours.decision_function(inputs), theirs.decision_function(inputs), rtol=1e-12, atol=1e-13
        )
    np.testing.assert_allclose(
        ours.feature_importances_, theirs.feature_importances_, rtol=1e-10, atol=1e-14
    )
    assert ours.score(test_x, test_y) == theirs.score(test_x, test_y)


def test_draws_from_the_same_random_numbers():
    x, y = continuous(3, num_samples=150)
    for random_state in (5, None):
        np.random.seed(7)
        ours = GradientBoostingClassifier(random_state=random_state).fit(x, y)
        ours_next = np.random.rand()
        np.random.seed(7)
        theirs = ensemble.GradientBoostingClassifier(random_state=random_state).fit(x, y)
        assert ours_next == np.random.rand()
        np.testing.assert_allclose(
            ours.predict_proba(x[::-1] + 0.3), theirs.predict_proba(x[::-1] + 0.3), rtol=1e-12
        )


def test_constant_features_are_left_alone_and_keep_the_draws_in_step():
    x, y = continuous(4)
    x = np.concatenate([np.ones((len(x), 2)), x, 1e9 + 0 * x[:, :1]], axis=1)
    ours, theirs = both(x, y)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-12)
    np.testing.assert_array_equal(ours.feature_importances_[[0, 1, 6]], 0)


def test_only_constant_features_leave_no_importance():
    _, y = continuous(3)
    x = np.full((len(y), 2), 3.0)
    ours, theirs = both(x, y)
    np.testing.assert_array_equal(ours.feature_importances_, theirs.feature_importances_)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), rtol=1e-12)


def tied_tables():
    random = np.random.RandomState(3)
    factors = np.stack([random.randint(n, size=300) for n in (3, 4, 5)], axis=1)
    noise = random.randn(300, 2)
    return {
        "perfect": factors.astype(float),
        "duplicated": np.concatenate([factors + noise[:, :1], factors + noise[:, :1]], axis=1),
        "repeated rows": np.concatenate([factors[:150] + noise[:150, :1]] * 2),
        "coarse": np.round(factors @ random.randn(3, 4) + noise[:, :1], 1),
        "dead": np.concatenate([np.zeros((300, 2)), np.round(noise, 2)], axis=1),
    }, factors


@pytest.mark.parametrize("table", ["perfect", "duplicated", "repeated rows", "coarse", "dead"])
def test_stays_within_scikit_learns_own_spread_where_values_tie(table):
    tables, factors = tied_tables()
    x, y = tables[table], factors[:, 1]
    theirs = [ensemble.GradientBoostingClassifier(random_state=seed).fit(x, y) for seed in range(5)]
    ours = GradientBoostingClassifier(random_state=0).fit(x, y)

    def spread(quantity):
        values = np.stack([quantity(model) for model in theirs])
        width = np.max(values.max(axis=0) - values.min(axis=0))
        return np.max(np.abs(values - quantity(ours)).min(axis=0)), width

    for quantity in (
        lambda model: model.feature_importances_,
        lambda model: model.predict_proba(x),
        lambda model: np.array([model.score(x, y)]),
    ):
        distance, width = spread(quantity)
        assert distance <= width + 1e-9


def test_takes_any_labels():
    x, y = continuous(3)
    names = np.array(["square", "ellipse", "heart"])[y]
    ours, theirs = both(x, names)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.predict(x), theirs.predict(x))
    sparse = np.array([-3, 10, 900])[y]
    np.testing.assert_array_equal(both(x, sparse)[0].predict(x), both(x, sparse)[1].predict(x))


def test_threads_do_not_change_the_fit():
    x, y = continuous(5)
    one, three = (
        GradientBoostingClassifier(random_state=0, num_threads=n).fit(x, y) for n in (1, 3)
    )
    np.testing.assert_array_equal(one.predict_proba(x), three.predict_proba(x))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((4, 2)), np.zeros(4)),
        (np.full((4, 2), np.nan), np.array([0, 0, 1, 1])),
        (np.zeros((4, 2)), np.array([0, 1, 1])),
        (np.zeros((4, 2)), np.array([0.1, 0.2, 1.5, 1.7])),
        (np.zeros(4), np.array([0, 0, 1, 1])),
    ],
    ids=["one class", "nan", "lengths", "continuous labels", "one dimension"],
)
def test_refuses_what_scikit_learn_refuses(x, y):
    with pytest.raises(ValueError) as theirs:  # noqa: PT011
        ensemble.GradientBoostingClassifier().fit(x, y)
    with pytest.raises(ValueError) as ours:  # noqa: PT011
        GradientBoostingClassifier().fit(x, y)
    assert str(ours.value)[:18] == str(theirs.value)[:18]


def test_refuses_another_number_of_features():
    x, y = continuous(3)
    with pytest.raises(ValueError, match="4 features"):
        GradientBoostingClassifier().fit(x, y).predict(x[:, :3])


def test_uses_no_more_threads_than_the_process_may(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert available_threads() == 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert available_threads() == len(os.sched_getaffinity(0))


def test_importing_it_imports_neither_numba_nor_scikit_learn():
    code = (
        "import sys, tfdis.metrics.boosting; "
        "sys.exit(int('numba' in sys.modules or 'sklearn' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
