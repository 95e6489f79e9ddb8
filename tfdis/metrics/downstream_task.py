"""How well a model predicts factors from codes, by the number of points it was trained on."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked_points
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import (
    accuracies,
    gradient_boosting_classifier,
    gradient_boosting_regressor,
    make_predictor_fn,
    make_regressor_fn,
)
from tfdis.metrics.source import Source


def downstream_task(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    continuous: Continuous = None,
    make_predictor: Callable[[], Any] = gradient_boosting_classifier,
    make_regressor: Callable[[], Any] = gradient_boosting_regressor,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """Accuracy of a classifier of each factor; R2 of a regressor where a factor is continuous.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`.
        make_predictor: gives a new classifier, as scikit-learn's.
        make_regressor: gives a new regressor.
        random_state: decides what is held out.

    Returns:
        mean_train_accuracy, mean_test_accuracy, min_train_accuracy, min_test_accuracy over factors,
        and train_accuracy_factor_i, test_accuracy_factor_i.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    train, test = accuracies(make_predictor, points, kinds, make_regressor)
    scores = {}
    for part, values in (("train", train), ("test", test)):
        scores[f"mean_{part}_accuracy"] = np.mean(values)
        scores[f"min_{part}_accuracy"] = np.min(values)
        for i, value in enumerate(values):
            scores[f"{part}_accuracy_factor_{i}"] = value
    return Scores(scores)


@metric("downstream_task")
def _downstream_task(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Sequence[Count] = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`downstream_task` of drawn points, for several sizes of the training set.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on, one size n after the other; n and a colon go before
            the scores' names.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
    """
    scores = {}
    for size in num_train:
        points = source.train_and_test_points(size, num_test, random_state, batch_size)
        found = downstream_task(
            *points, source.continuous, make_predictor_fn(), make_regressor_fn()
        )
        scores |= {f"{size}:{name}": value for name, value in found.items()}
    return Scores(scores)
