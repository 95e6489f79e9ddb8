"""Predictors of a factor from codes: classifiers of labels, regressors of quantities."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.config import configurable, external_configurable
from tfdis.metrics.arrays import Points
from tfdis.metrics.boosting import GradientBoostingClassifier
from tfdis.metrics.fast_fits import LogisticRegressionCV

Predictor = Callable[[], Any]


def logistic_regression_cv() -> LogisticRegressionCV:
    """Logistic regression; five folds choose the regularization."""
    return LogisticRegressionCV()


def gradient_boosting_classifier(
    random_state: int | np.random.RandomState | None = None,
) -> GradientBoostingClassifier:
    """Boosted trees with scikit-learn's default parameters.

    Args:
        random_state: decides between splits that are equally good; None: numpy's global state.
    """
    return GradientBoostingClassifier(random_state)


def gradient_boosting_regressor(
    random_state: int | np.random.RandomState | None = None,
) -> Any:
    """scikit-learn's boosted trees for quantities, with its default parameters.

    Args:
        random_state: decides between splits that are equally good; None: numpy's global state.
    """
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(random_state=random_state)


def ridge_regression_cv() -> Any:
    """Linear regression of quantities; its regularization is chosen by leaving one sample out."""
    from sklearn.linear_model import RidgeCV

    return RidgeCV(alphas=np.logspace(-4, 4, 10))


for _function in (
    logistic_regression_cv,
    gradient_boosting_classifier,
    gradient_boosting_regressor,
    ridge_regression_cv,
):
    external_configurable(_function, _function.__name__)


@configurable("predictor")
def make_predictor_fn(predictor_fn: Callable[..., Any] = gin.REQUIRED) -> Callable[..., Any]:
    """The configured maker of classifiers."""
    return predictor_fn


@configurable("regressor")
def make_regressor_fn(
    regressor_fn: Callable[..., Any] = gradient_boosting_regressor,
) -> Callable[..., Any]:
    """The configured maker of regressors, for continuous factors."""
    return regressor_fn


def fitted(model: Any, codes: np.ndarray, factor: np.ndarray, is_continuous: bool) -> Any:
    """The model fitted to one factor, `[samples]`, of codes `[samples, num_latents]`."""
    return model.fit(codes, factor if is_continuous else factor.astype(np.int64))


def goodness(model: Any, codes: np.ndarray, factor: np.ndarray, is_continuous: bool) -> float:
    """Accuracy; R2 of a quantity, 1 - squared error / variance, which may be negative."""
    predicted = model.predict(codes)
    if not is_continuous:
        return np.mean(predicted == factor)
    error = np.sum((factor - predicted) ** 2)
    return float(1 - error / np.sum((factor - np.mean(factor)) ** 2))


def accuracies(
    make_predictor: Predictor,
    points: Points,
    continuous: Sequence[bool] = (),
    make_regressor: Predictor = gradient_boosting_regressor,
) -> tuple[list[float], list[float]]:
    """Fits one model per factor.

    Args:
        make_predictor: gives a new classifier, as scikit-learn's.
        points: to train and test on.
        continuous: for each factor whether it is a quantity; by default none is.
        make_regressor: gives a new regressor, for quantities.

    Returns:
        `goodness` on the training set and on the test set, each a list of one per factor.
    """
    train, test = [], []
    kinds = continuous or (False,) * points.train_factors.shape[1]
    for train_factor, test_factor, kind in zip(
        points.train_factors.T, points.test_factors.T, kinds
    ):
        model = make_regressor() if kind else make_predictor()
        fitted(model, points.train_codes, train_factor, kind)
        train.append(goodness(model, points.train_codes, train_factor, kind))
        test.append(goodness(model, points.test_codes, test_factor, kind))
    return train, test
