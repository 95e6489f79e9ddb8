import gin
import numpy as np
import pytest
import scipy.stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score

import tfdis
from tfdis.data.labelled import LabelledData
from tfdis.errors import UserError
from tfdis.evaluation.representations import Representation
from tfdis.evaluation.sources import DataSource
from tfdis.metrics import out_of_support
from tfdis.metrics.predictor import ridge_regression_cv

SIZES = [4, 5, 6]
ROWS = np.stack(np.unravel_index(np.arange(120), SIZES), axis=-1)


def indexed():
    """Images that spell their index, and codes that look it up."""
    images = np.zeros((120, 4, 4, 1), np.uint8)
    images[:, 0, 0, 0] = np.arange(120)
    data = LabelledData(images, ROWS, ("shape", "x", "y"), "grid")
    codes = ROWS + 0.1 * np.random.RandomState(0).randn(120, 3)

    def encode(batch):
        return codes[np.round(np.asarray(batch)[:, 0, 0, 0] * 255).astype(int)]

    return data, codes, Representation(encode, repeatable=True)


def test_it_is_scikit_learns_accuracy_and_r2():
    random = np.random.RandomState(0)
    factors = np.stack([random.randint(3, size=400), random.randint(6, size=400)], axis=1)
    codes = factors + 0.5 * random.randn(400, 2)
    parts = [(codes[s], factors[s]) for s in (slice(0, 200), slice(200, 300), slice(300, 400))]
    found = out_of_support(
        *parts[0],
        *parts[1],
        *parts[2],
        make_predictor=LogisticRegression,
        make_regressor=ridge_regression_cv,
    )
    for i in range(2):
        regressor = ridge_regression_cv().fit(parts[0][0], parts[0][1][:, i])
        classifier = LogisticRegression().fit(parts[0][0], parts[0][1][:, i])
        for name, (tested, truth) in zip(("inside", "outside"), parts[1:]):
            expected = r2_score(truth[:, i], regressor.predict(tested))
            assert found[f"{name}:r2_factor_{i}"] == pytest.approx(expected)
            expected = accuracy_score(truth[:, i], classifier.predict(tested))
            assert found[f"{name}:accuracy_factor_{i}"] == pytest.approx(expected)
    means = [
        np.mean([found[f"{part}:r2_factor_{i}"] for i in range(2)])
        for part in ("inside", "outside")
    ]
    assert found["r2_gap"] == pytest.approx(means[0] - means[1])


@pytest.mark.parametrize(
    ("binding", "is_outside"),
    [
        ("held_out.ranges = {'x': (3, 4)}", lambda rows: rows[:, 1] >= 3),
        # Every image may be drawn in training: outside is then any image, each as often.
        ("correlated_factors.factors = ['x', 'y']", lambda rows: np.ones(len(rows), bool)),
    ],
)
def test_points_are_drawn_inside_and_outside(binding, is_outside):
    data, codes, representation = indexed()
    source = DataSource(data, representation)
    gin.parse_config(binding)
    inside_codes, inside, outside_codes, outside = source.support(
        5000, 1000, np.random.RandomState(0)
    )
    index = np.ravel_multi_index(tuple(inside.T), SIZES)
    np.testing.assert_array_equal(inside_codes, codes[index])
    np.testing.assert_array_equal(
        outside_codes, codes[np.ravel_multi_index(tuple(outside.T), SIZES)]
    )
    weights = source.training_weights()
    shares = np.bincount(index, minlength=120) / 5000
    np.testing.assert_allclose(shares, weights / weights.sum(), atol=0.01)
    every = np.stack(np.unravel_index(np.arange(120), SIZES), axis=1)
    drawn = np.bincount(np.ravel_multi_index(tuple(outside.T), SIZES), minlength=120)
    assert drawn[~is_outside(every)].sum() == 0
    assert scipy.stats.chisquare(drawn[is_outside(every)]).pvalue > 1e-3
    assert (weights[index] > 0).all()


def test_trees_cannot_extrapolate():
    data, _, representation = indexed()
    bindings = [
        "held_out.kind = 'extrapolation'",
        "held_out.factors = ['y']",
        "out_of_support.num_train = 500",
        "out_of_support.num_test = 300",
        "predictor.predictor_fn = @logistic_regression_cv",
    ]
    found = tfdis.evaluate(representation, data, ["out_of_support"], bindings, verbose=False)
    scores = found["out_of_support"]
    assert scores["inside:accuracy_factor_2"] > 0.9
    assert scores["outside:accuracy_factor_2"] == 0  # values that were never seen
    assert scores["outside:accuracy_factor_0"] > 0.9
    assert scores["accuracy_gap"] > 0.2


def test_without_a_shift_there_is_no_outside():
    data, _, representation = indexed()
    with pytest.raises(UserError, match="bind split, held_out or correlated_factors"):
        tfdis.evaluate(representation, data, ["out_of_support"], verbose=False)
    with pytest.raises(UserError, match="needs a data set"):
        tfdis.score(ROWS + 0.5, ROWS, ["out_of_support"])
