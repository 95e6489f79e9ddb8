"""Factors that are quantities, and tables of both kinds, against scikit-learn's own functions."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mutual_info_score, r2_score

import tfdis
from tfdis.errors import UserError
from tfdis.metrics import (
    dci,
    downstream_task,
    infomec,
    irs,
    mcc,
    mig,
    modularity_explicitness,
    sap_score,
)
from tfdis.metrics.arrays import checked_factors, seems_continuous
from tfdis.metrics.discretizer import histogram_discretizer
from tfdis.metrics.predictor import ridge_regression_cv

RANDOM = np.random.RandomState(0)
NUM = 600
SHAPE = RANDOM.randint(3, size=NUM)
ANGLE, SIZE = RANDOM.uniform(size=(2, NUM))
MIXED = np.stack([SHAPE, ANGLE, SIZE], axis=1)
KINDS = (False, True, True)
NOISE = RANDOM.randn(NUM, 3)
CODES = MIXED + [0.2, 0.05, 0.05] * NOISE
TRAIN, TEST = slice(0, 400), slice(400, NUM)
SPLIT = CODES[TRAIN], MIXED[TRAIN], CODES[TEST], MIXED[TEST]


def test_what_is_seen_as_a_quantity():
    assert checked_factors(MIXED)[1] == KINDS
    assert seems_continuous(ANGLE)
    assert not seems_continuous(np.round(ANGLE, 1))  # eleven values: labels that are fractions
    assert not seems_continuous(np.round(100 * ANGLE))  # whole numbers
    assert not seems_continuous(SHAPE)
    # Declared, it is what it is declared; a table of mixed types is read column by column.
    assert checked_factors(MIXED, False)[1] == (False,) * 3
    assert checked_factors(MIXED[:, :1], True)[1] == (True,)
    names = np.array(["square", "heart", "ellipse"])[SHAPE]
    mixed = np.stack([names.astype(object), ANGLE.astype(object)], axis=1)
    factors, kinds = checked_factors(mixed)
    assert kinds == (False, True)
    np.testing.assert_array_equal(factors[:, 1], ANGLE)
    np.testing.assert_array_equal(factors[:, 0], np.array([2, 1, 0])[SHAPE])


def test_mig_by_bins_is_that_of_the_binned_factors():
    binned = np.stack([SHAPE, *histogram_discretizer(MIXED[:, 1:]).T], axis=1).astype(int)
    codes = histogram_discretizer(CODES)
    information = [[mutual_info_score(f, c) for f in binned.T] for c in codes.T]
    entropy = [mutual_info_score(f, f) for f in binned.T]
    ranked = np.sort(information, axis=0)
    found = mig(CODES, MIXED)
    assert found["discrete_mig"] == pytest.approx(np.mean((ranked[-1] - ranked[-2]) / entropy))
    assert found["mutual_information_estimator"] == "bins"


def test_mig_by_neighbours_is_scikit_learns_estimate():
    found = mig(CODES, MIXED, estimator="neighbours")
    expected = np.stack(
        [
            mutual_info_classif(CODES, SHAPE, discrete_features=False, random_state=1),
            mutual_info_regression(CODES, ANGLE, random_state=1),
            mutual_info_regression(CODES, SIZE, random_state=1),
        ],
        axis=1,
    )
    np.testing.assert_allclose(found.matrices["mutual_information"], expected, atol=1e-6)
    assert found["mutual_information_estimator"] == "neighbours"
    assert found["discrete_mig"] > mig(NOISE, MIXED, estimator="neighbours")["discrete_mig"] + 0.2


def test_neighbours_find_the_information_of_two_gaussians():
    correlation = 0.8
    code = RANDOM.randn(3000, 2)
    factor = correlation * code[:, 0] + np.sqrt(1 - correlation**2) * RANDOM.randn(3000)
    table = np.stack([factor, RANDOM.rand(3000)], axis=1)
    matrix = mig(code, table, estimator="neighbours").matrices["mutual_information"]
    assert matrix[0, 0] == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.05)
    assert matrix[1, 0] < 0.03


def test_dci_has_regressors_for_quantities():
    found = dci(*SPLIT, random_state=3)
    importances, goodness = [], []
    for j in (1, 2):
        model = GradientBoostingRegressor(random_state=3).fit(CODES[TRAIN], MIXED[TRAIN, j])
        importances.append(model.feature_importances_)
        goodness.append(r2_score(MIXED[TEST, j], model.predict(CODES[TEST])))
    np.testing.assert_allclose(found.matrices["importance"][:, 1:].T, importances)
    classes = dci(CODES[TRAIN], MIXED[TRAIN, :1], CODES[TEST], MIXED[TEST, :1], random_state=3)
    expected = np.mean([classes["informativeness_test"], *goodness])
    assert found["informativeness_test"] == pytest.approx(expected)
    assert found["disentanglement"] > 0.7


def test_sap_is_the_squared_correlation_of_quantities():
    matrix = sap_score(*SPLIT).matrices["predictability"]
    expected = np.corrcoef(CODES[TRAIN].T, MIXED[TRAIN, 1:].T)[:3, 3:] ** 2
    np.testing.assert_allclose(matrix[:, 1:], expected, rtol=1e-9)
    assert (matrix[:, 0] <= 1).all()


def test_explicitness_of_a_quantity_is_linear_regressions_r2():
    table = MIXED[:, 1:]
    points = CODES[TRAIN], table[TRAIN], CODES[TEST], table[TEST]
    found = modularity_explicitness(*points)
    model = LinearRegression().fit(CODES[TRAIN], table[TRAIN])
    expected = r2_score(table[TEST], model.predict(CODES[TEST]))
    assert found["explicitness_score_test"] == pytest.approx(expected)
    assert infomec(CODES, table)["infoe"] == pytest.approx(
        r2_score(table, LinearRegression().fit(CODES, table).predict(CODES))
    )


def test_downstream_task_has_the_given_regressor():
    table = MIXED[:, 1:]
    found = downstream_task(
        CODES[TRAIN], table[TRAIN], CODES[TEST], table[TEST], make_regressor=ridge_regression_cv
    )
    model = ridge_regression_cv().fit(CODES[TRAIN], table[TRAIN, 0])
    expected = r2_score(table[TEST, 0], model.predict(CODES[TEST]))
    assert found["test_accuracy_factor_0"] == pytest.approx(expected)


def test_a_label_that_only_the_test_has_moves_no_other():
    labels = np.repeat([0, 2], 100)
    train = np.stack([labels, ANGLE[:200]], axis=1)
    test = np.stack([np.append(1, labels[1:]), ANGLE[200:400]], axis=1)
    mixed = downstream_task(train, train, test, test)
    alone = downstream_task(train, train[:, :1].astype(int), test, test[:, :1].astype(int))
    # By hand: all but the one that no classifier can name.
    assert mixed["test_accuracy_factor_0"] == alone["test_accuracy_factor_0"] == 199 / 200


def test_whole_numbers_that_are_quantities_keep_their_distances():
    factors = RANDOM.choice([0, 1, 2, 1000], size=(NUM, 2))
    codes = factors[:, ::-1] + 300.0 * RANDOM.randn(NUM, 2)
    expected = np.mean([pearsonr(codes[:, 1 - i], factors[:, i]).statistic for i in (0, 1)])
    found = tfdis.score(codes, factors, ["mcc"], continuous=True)["mcc"]
    assert found["mcc_linear"] == pytest.approx(expected)
    assert mcc(codes, factors, continuous=True)["mcc_linear"] == pytest.approx(expected)
    # A label is its number in sorted order.
    ranks = np.unique(factors, return_inverse=True)[1]
    by_labels = tfdis.score(codes, factors, ["mcc"])["mcc"]["mcc_linear"]
    assert by_labels == pytest.approx(mcc(codes, ranks)["mcc_linear"])
    assert by_labels < expected - 0.1


@pytest.mark.parametrize("function", [mig, dci, sap_score, irs, infomec, modularity_explicitness])
def test_codes_that_follow_quantities_score_higher_than_noise(function):
    name = {
        mig: "discrete_mig",
        dci: "disentanglement",
        sap_score: "SAP_score",
        irs: "IRS",
        infomec: "infoe",
        modularity_explicitness: "explicitness_score_test",
    }[function]
    assert function(CODES, MIXED)[name] > function(NOISE, MIXED)[name] + 0.1


def test_score_of_a_mixed_table_is_the_functions():
    found = tfdis.score(CODES, MIXED, ["mig", "irs", "sap_score"])
    assert found["mig"]["discrete_mig"] == pytest.approx(mig(CODES, MIXED)["discrete_mig"])
    assert found["irs"]["IRS"] == pytest.approx(irs(CODES, MIXED)["IRS"])
    as_labels = tfdis.score(CODES, MIXED, ["mig"], continuous=False)["mig"]
    assert "mutual_information_estimator" not in as_labels
    bindings = ["mig.estimator = 'neighbours'"]
    found = tfdis.score(CODES, MIXED, ["mig"], gin_bindings=bindings)["mig"]
    assert found["mutual_information_estimator"] == "neighbours"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("unified_scores", "'angle' is continuous, and unified_scores is a score of labels"),
        ("fairness", "'angle' is continuous"),
        ("reduced_downstream_task", "'angle' is continuous"),
        ("factor_vae_score", "'angle' is continuous"),
        ("beta_vae_sklearn", "'angle' is continuous"),
    ],
)
def test_scores_of_labels_refuse_quantities(name, message):
    with pytest.raises(UserError, match=message):
        tfdis.score(CODES, MIXED, [name], ["shape", "angle", "size"])


def test_what_continuous_must_say():
    with pytest.raises(UserError, match="of each of 3 factors"):
        mig(CODES, MIXED, continuous=[True])
    with pytest.raises(UserError, match="its values are not numbers"):
        mig(CODES, np.array([["a"], ["b"]] * (NUM // 2)), continuous=True)
