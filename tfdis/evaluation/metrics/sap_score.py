"""Separated attribute predictability (Kumar, Sattigeri and Balakrishnan, 2018, section 3)."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.fast_fits import in_parallel
from tfdis.evaluation.metric import (
    metric,
    require_two_latents,
    require_varied_factors,
    save_matrix,
    validation_metric,
)
from tfdis.evaluation.metrics.fixed_set import codes_and_factors, split
from tfdis.evaluation.sources import source_of


@metric
def sap_score(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    batch_size: int = 16,
    continuous_factors: bool = gin.REQUIRED,
) -> dict[str, Any]:
    """How much better the best single latent predicts a factor than the second best.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrix of predictability goes.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
        continuous_factors: whether predictability is the squared correlation; otherwise it is a
            linear classifier's accuracy.

    Returns:
        SAP_score: the mean over factors.
    """
    source = source_of(ground_truth_data, representation_function)
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    require_varied_factors(points[1], source.factor_names)
    matrix = predictability(*points, continuous_factors)
    save_matrix(artifact_dir, "predictability", matrix, source.factor_names)
    return {"SAP_score": np.mean(top_two_differences(matrix))}


@validation_metric
def sap_score_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: float = gin.REQUIRED,
    continuous_factors: bool = gin.REQUIRED,
    batch_size: int = 100,
) -> dict[str, Any]:
    """`sap_score` of a fixed labelled set."""
    points = split(
        *codes_and_factors(observations, labels, representation_function, batch_size),
        train_percentage,
    )
    require_varied_factors(points[1])
    return {"SAP_score": np.mean(top_two_differences(predictability(*points, continuous_factors)))}


def predictability(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    continuous_factors: bool,
) -> np.ndarray:
    """How well each latent alone tells each factor, `[num_latents, num_factors]`.

    Args:
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`; for classifiers.
        test_factors: as `train_factors`; for classifiers.
        continuous_factors: see `sap_score`.
    """
    require_two_latents(train_codes)
    if continuous_factors:
        return np.array(
            [
                [_squared_correlation(code, factor) for factor in train_factors.T]
                for code in train_codes.T
            ]
        )
    shape = train_codes.shape[1], train_factors.shape[1]
    accuracies = in_parallel(
        partial(
            _accuracy,
            train_codes[:, i],
            train_factors[:, j],
            test_codes[:, i],
            test_factors[:, j],
        )
        for i, j in np.ndindex(*shape)
    )
    return np.reshape(accuracies, shape)


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
) -> float:
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=0.01, class_weight="balanced")
    model.fit(train_code[:, None], train_factor)
    return np.mean(model.predict(test_code[:, None]) == test_factor)
