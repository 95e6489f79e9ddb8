import threading
import warnings
from functools import partial

import numpy as np
import pytest
from sklearn import linear_model, model_selection, svm
from threadpoolctl import threadpool_info

from tfdis.metrics.fast_fits import LogisticRegressionCV, in_parallel


def points(num_classes, num_samples=300):
    random = np.random.RandomState(0)
    y = random.randint(num_classes, size=num_samples)
    x = (random.randn(num_samples, 3) + np.stack([y, np.sin(y), 0 * y], axis=1)).astype(np.float32)
    return x, y


def test_results_come_in_order_and_equal_plain_calls():
    x, y = points(5)

    def fit(i):
        return svm.LinearSVC(C=0.01, class_weight="balanced").fit(x[:, i : i + 1], y).coef_

    for ours, plain in zip(in_parallel(partial(fit, i) for i in range(3)), map(fit, range(3))):
        np.testing.assert_array_equal(ours, plain)


def test_calls_run_side_by_side_with_one_thread_of_linear_algebra_each(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("tfdis.metrics.fast_fits.available_threads", lambda: 2)
    both_here = threading.Barrier(2, timeout=20)

    def call():
        both_here.wait()
        return {
            library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
        }

    assert in_parallel([call, call]) == [{1}, {1}]


def test_an_error_reaches_the_caller():
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_parallel([fail])


@pytest.mark.parametrize("num_classes", [2, 4])
def test_logistic_regression_equals_scikit_learns(num_classes):
    x, y = points(num_classes)
    test_x = x[::-1] + 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = LogisticRegressionCV().fit(x, y)
        plain = linear_model.LogisticRegressionCV(Cs=10, cv=model_selection.KFold(n_splits=5)).fit(
            x, y
        )
    np.testing.assert_array_equal(ours.predict(test_x), plain.predict(test_x))
    np.testing.assert_allclose(ours.model_.coef_, plain.coef_, rtol=1e-5, atol=1e-6)
    assert ours.score(test_x, y) == plain.score(test_x, y)
