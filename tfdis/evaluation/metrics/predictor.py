"""The classifiers of the downstream tasks."""

from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.evaluation.boosting import GradientBoostingClassifier
from tfdis.evaluation.fast_fits import LogisticRegressionCV


@configurable("predictor")
def make_predictor_fn(predictor_fn: Callable[[], Any] = gin.REQUIRED) -> Callable[[], Any]:
    """The configured maker of classifiers."""
    return predictor_fn


@configurable("logistic_regression_cv")
def logistic_regression_cv() -> LogisticRegressionCV:
    """Logistic regression; how strongly it is regularized, five folds decide."""
    return LogisticRegressionCV()


@configurable("gradient_boosting_classifier")
def gradient_boosting_classifier() -> GradientBoostingClassifier:
    """Boosted trees with scikit-learn's default parameters."""
    return GradientBoostingClassifier()


def accuracies(
    make_predictor: Callable[[], Any],
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> tuple[list[float], list[float]]:
    """Fits one classifier per factor.

    Args:
        make_predictor: gives a new classifier, as scikit-learn's.
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`.
        test_factors: as `train_factors`.

    Returns:
        the accuracy on the training set and on the test set, each a list of one per factor.
    """
    train, test = [], []
    for train_factor, test_factor in zip(train_factors.T, test_factors.T):
        model = make_predictor()
        model.fit(train_codes, train_factor)
        train.append(np.mean(model.predict(train_codes) == train_factor))
        test.append(np.mean(model.predict(test_codes) == test_factor))
    return train, test
