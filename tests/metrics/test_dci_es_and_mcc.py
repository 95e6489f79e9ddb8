from itertools import permutations

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import r2_score

import tfdis
from tfdis.metrics import dci_es, mcc
from tfdis.metrics.dci_es import explicitness

RANDOM = np.random.RandomState(0)
NUM = 500
FACTORS = RANDOM.uniform(size=(NUM, 3))
LABELS = np.floor(FACTORS * [3, 4, 5]).astype(int)
NOISE = RANDOM.randn(NUM, 5)
MIXED = FACTORS @ RANDOM.randn(3, 4) + 0.1 * RANDOM.randn(NUM, 4)


@pytest.mark.parametrize("codes", [MIXED, NOISE, MIXED[:, :3]])
@pytest.mark.parametrize("factors", [FACTORS, LABELS])
def test_mcc_is_the_best_of_all_matchings(codes, factors):
    found = mcc(codes, factors)
    for name, correlate in (
        ("mcc_linear", stats.pearsonr),
        ("mcc_rank", stats.spearmanr),
    ):
        table = [[abs(correlate(c, f).statistic) for f in factors.T] for c in codes.T]
        best = max(
            np.mean([table[latent][factor] for factor, latent in enumerate(chosen)])
            for chosen in permutations(range(codes.shape[1]), factors.shape[1])
        )
        assert found[name] == pytest.approx(best, abs=1e-12)


def test_mcc_of_what_is_the_same_up_to_order_sign_and_bending():
    codes = np.stack([-FACTORS[:, 2], np.exp(5 * FACTORS[:, 0]), 3 * FACTORS[:, 1]], axis=1)
    found = mcc(codes, FACTORS)
    assert found["mcc_rank"] == pytest.approx(1)
    assert 0.8 < found["mcc_linear"] < 0.99
    # A factor that no latent is left for counts as 0; so does a latent that never varies.
    assert mcc(codes[:, :2], FACTORS)["mcc_rank"] == pytest.approx(2 / 3, abs=0.02)
    dead = np.concatenate([codes[:, :2], np.ones((NUM, 1))], axis=1)
    assert mcc(dead, FACTORS)["mcc_rank"] == pytest.approx(2 / 3, abs=1e-9)


def test_explicitness_by_hand():
    # The area above the minimum is that of a triangle: half of width times height.
    assert explicitness([1, 2, 3], np.array([0.6, 0.4, 0.2]), 1.0) == pytest.approx(1 - 0.4)
    assert explicitness([0, 10], np.array([1.0, 0.0]), 1.0) == pytest.approx(0)
    assert explicitness([1, 5, 9], np.array([0.3, 0.3, 0.3]), 1.0) == pytest.approx(1)
    # A loss that rises again counts as the least so far; capacities need not be even.
    expected = 1 - 2 * (1 * (0.3 + 0.1) / 2 + 2 * 0.1 / 2) / (3 * 0.5)
    assert explicitness([1, 2, 4], np.array([0.4, 0.2, 0.1]), 0.5) == pytest.approx(expected)
    assert explicitness([1, 2, 4], np.array([0.4, 0.2, 0.9]), 0.5) == pytest.approx(
        1 - 2 * (0.5 * 0.2) / (3 * 0.5)
    )


@pytest.mark.parametrize("factors", [FACTORS, LABELS])
def test_dci_es_has_scikit_learns_forests(factors):
    train, test = slice(0, 300), slice(300, NUM)
    depths = (1, 3, 7)
    points = MIXED[train], factors[train], MIXED[test], factors[test]
    found = dci_es(*points, depths=depths, num_trees=7, random_state=2)
    values, deepest = [], []
    for train_factor, test_factor in zip(factors[train].T, factors[test].T):
        losses = []
        for depth in depths:
            forest = RandomForestRegressor if factors is FACTORS else RandomForestClassifier
            model = forest(7, max_depth=depth, random_state=2).fit(MIXED[train], train_factor)
            predicted = model.predict(MIXED[test])
            is_right = np.mean(predicted == test_factor)
            losses.append(
                1 - (r2_score(test_factor, predicted) if factors is FACTORS else is_right)
            )
        base = 1.0 if factors is FACTORS else 1 - max(np.bincount(test_factor)) / len(test_factor)
        values.append(explicitness(depths, np.array(losses), base))
        deepest.append(1 - losses[-1])
    assert found["explicitness"] == pytest.approx(np.mean(values))
    assert found["informativeness_test"] == pytest.approx(np.mean(deepest))
    assert found["size"] == 3 / 4


def test_explicit_codes_are_easier_to_use():
    """The same information, folded: a shallow tree tells little, a deep one all."""
    labels = RANDOM.randint(2, size=(3000, 2))
    folded = 8 * labels + 2.0 * RANDOM.randint(-4, 4, size=(3000, 2)) * 8 + 0.1
    plain, hard = dci_es(labels.astype(float), labels), dci_es(folded, labels)
    assert plain["explicitness"] == pytest.approx(1)
    assert hard["informativeness_test"] > 0.95
    assert hard["explicitness"] < 0.9


def test_score_knows_both():
    found = tfdis.score(MIXED, LABELS, ["mcc", "dci_es"])
    assert found["mcc"]["mcc_linear"] == pytest.approx(mcc(MIXED, LABELS)["mcc_linear"])
    assert 0 < found["dci_es"]["disentanglement"] < 1
