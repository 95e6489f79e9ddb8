"""Separated attribute predictability (Kumar, Sattigeri and Balakrishnan, 2018, section 3)."""

from collections.abc import Sequence
from functools import partial

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.metrics.arrays import Continuous, checked_points, require_two_latents
from tfdis.metrics.fast_fits import in_parallel
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.source import Source


def sap_score(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    continuous: Continuous = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How much better the best single latent predicts a factor than the second best.

    Predictability is the squared correlation where a factor is continuous, and otherwise a linear
    classifier's accuracy.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`; True says it of all factors.
        random_state: of the classifiers, and of what is held out; None: numpy's global state, which
            disentanglement_lib's classifiers draw from.

    Returns:
        SAP_score: the mean over factors. The matrix is `predictability`.

    Raises:
        UserError: the arrays cannot be scored; see `checked`.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    matrix = predictability(*points, kinds, random_state)
    return Scores({"SAP_score": np.mean(top_two_differences(matrix))}, predictability=matrix)


@metric("sap_score")
def _sap_score(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
    continuous_factors: bool = gin.REQUIRED,
) -> Scores:
    """`sap_score` of drawn points; the classifiers draw from numpy's global random state.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
        continuous_factors: whether to take every factor for continuous.
    """
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    return sap_score(*points, continuous_factors or source.continuous, random_state=None)


def predictability(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    continuous: Sequence[bool] = (),
    random_state: int | np.random.RandomState | None = None,
) -> np.ndarray:
    """How well each single latent predicts each factor, `[num_latents, num_factors]`.

    Args:
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`; for classifiers.
        test_factors: as `train_factors`; for classifiers.
        continuous: for each factor whether it is a quantity; by default none is.
        random_state: of the classifiers.
    """
    require_two_latents(train_codes)
    kinds = continuous or (False,) * train_factors.shape[1]
    shape = train_codes.shape[1], train_factors.shape[1]
    matrix = in_parallel(
        partial(_squared_correlation, train_codes[:, i], train_factors[:, j])
        if kinds[j]
        else partial(
            _accuracy,
            train_codes[:, i],
            train_factors[:, j],
            test_codes[:, i],
            test_factors[:, j],
            random_state,
        )
        for i, j in np.ndindex(*shape)
    )
    return np.reshape(matrix, shape)


def top_two_differences(matrix: np.ndarray) -> np.ndarray:
    """The best latent's lead over the second best, `[num_factors]`."""
    ranked = np.sort(matrix, axis=0)
    return ranked[-1] - ranked[-2]


def _squared_correlation(code: np.ndarray, factor: np.ndarray) -> float:
    covariance = np.cov(code, factor, ddof=1)
    if covariance[0, 0] <= 1e-12:
        return 0.0
    return covariance[0, 1] ** 2 / (covariance[0, 0] * covariance[1, 1])


def _accuracy(
    train_code: np.ndarray,
    train_factor: np.ndarray,
    test_code: np.ndarray,
    test_factor: np.ndarray,
    random_state: int | np.random.RandomState | None,
) -> float:
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=0.01, class_weight="balanced", random_state=random_state)
    model.fit(train_code[:, None], train_factor)
    return np.mean(model.predict(test_code[:, None]) == test_factor)
