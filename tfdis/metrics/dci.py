"""Disentanglement, completeness, informativeness (Eastwood and Williams, 2018, section 2)."""

from collections.abc import Sequence

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked_points
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import (
    fitted,
    goodness,
    gradient_boosting_classifier,
    gradient_boosting_regressor,
)
from tfdis.metrics.source import Source


def dci(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    continuous: Continuous = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How one-to-one the relation of latents and factors is, by the importances of boosted trees.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`; trees of such a factor are a regressor's.
        random_state: of the trees, and of what is held out; None: numpy's global state, which
            disentanglement_lib's trees draw from.

    Returns:
        informativeness_train, informativeness_test: the mean over factors of the accuracy, or of
        R2 where a factor is continuous; disentanglement, completeness: weighted means over latents
        and factors. The matrix is `importance`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    importances, train, test = boosted_importances(*points, kinds, random_state)
    scores = {
        "informativeness_train": train,
        "informativeness_test": test,
        "disentanglement": disentanglement(importances),
        "completeness": completeness(importances),
    }
    return Scores(scores, importance=importances)


@metric("dci")
def _dci(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`dci` of drawn points; the trees draw from numpy's global random state.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
    """
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    return dci(*points, source.continuous, random_state=None)


def boosted_importances(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    continuous: Sequence[bool] = (),
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, float, float]:
    """Fits boosted trees to each factor.

    Args:
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`.
        test_factors: as `train_factors`.
        continuous: for each factor whether it is a quantity; by default none is.
        random_state: of the trees.

    Returns:
        importances, `[num_latents, num_factors]`, and the mean `goodness` in training and in test.
    """
    importances, train, test = [], [], []
    kinds = continuous or (False,) * train_factors.shape[1]
    for train_factor, test_factor, kind in zip(train_factors.T, test_factors.T, kinds):
        make = gradient_boosting_regressor if kind else gradient_boosting_classifier
        model = fitted(make(random_state), train_codes, train_factor, kind)
        importances.append(np.abs(model.feature_importances_))
        train.append(goodness(model, train_codes, train_factor, kind))
        test.append(goodness(model, test_codes, test_factor, kind))
    return np.stack(importances, axis=-1), np.mean(train), np.mean(test)


def disentanglement_per_code(importances: np.ndarray) -> np.ndarray:
    """1 - entropy (base: the number of factors) of a latent's importances, `[num_latents]`."""
    from scipy.stats import entropy

    return 1.0 - entropy(importances.T + 1e-11, base=importances.shape[1])


def completeness_per_factor(importances: np.ndarray) -> np.ndarray:
    """1 - entropy (base: the number of latents) of a factor's importances, `[num_factors]`."""
    from scipy.stats import entropy

    return 1.0 - entropy(importances + 1e-11, base=importances.shape[0])


def disentanglement(importances: np.ndarray) -> float:
    """The mean over latents, weighted by their share of all importance."""
    return _weighted_mean(disentanglement_per_code(importances), importances.sum(axis=1))


def completeness(importances: np.ndarray) -> float:
    """The mean over factors, weighted by their share of all importance."""
    return _weighted_mean(completeness_per_factor(importances), importances.sum(axis=0))


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    if weights.sum() == 0.0:
        weights = np.ones_like(weights)
    return np.sum(values * weights / weights.sum())
