"""Disentanglement, completeness, informativeness (Eastwood and Williams, 2018, section 2)."""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.boosting import GradientBoostingClassifier
from tfdis.evaluation.metric import metric, require_varied_factors, save_matrix, validation_metric
from tfdis.evaluation.metrics.fixed_set import codes_and_factors, split
from tfdis.evaluation.sources import source_of


@metric
def dci(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """How one-to-one the latents that boosted trees use for a factor are.

    The trees draw from numpy's global random state, as in disentanglement_lib.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: where the matrix of importances goes.
        num_train: how many points to train on.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.

    Returns:
        informativeness_train, informativeness_test: the mean accuracy over factors;
        disentanglement, completeness: weighted means over latents and factors.
    """
    source = source_of(ground_truth_data, representation_function)
    points = source.train_and_test_points(num_train, num_test, random_state, batch_size)
    require_varied_factors(points[1], source.factor_names)
    importances, *informativeness = boosted_importances(*points)
    save_matrix(artifact_dir, "importance", importances, source.factor_names)
    return _scores(importances, *informativeness)


@validation_metric
def dci_validation(
    observations: np.ndarray,
    labels: np.ndarray,
    representation_function: Callable,
    train_percentage: float = gin.REQUIRED,
    batch_size: int = 100,
) -> dict[str, Any]:
    """`dci` of a fixed labelled set."""
    points = split(
        *codes_and_factors(observations, labels, representation_function, batch_size),
        train_percentage,
    )
    require_varied_factors(points[1])
    return _scores(*boosted_importances(*points))


def boosted_importances(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> tuple[np.ndarray, float, float]:
    """Fits boosted trees to each factor.

    Args:
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`.
        test_factors: as `train_factors`.

    Returns:
        importances, `[num_latents, num_factors]`, and the mean accuracy in training and in test.
    """
    importances, train, test = [], [], []
    for train_factor, test_factor in zip(train_factors.T, test_factors.T):
        model = GradientBoostingClassifier()
        model.fit(train_codes, train_factor)
        importances.append(np.abs(model.feature_importances_))
        train.append(np.mean(model.predict(train_codes) == train_factor))
        test.append(np.mean(model.predict(test_codes) == test_factor))
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


def _scores(importances: np.ndarray, train: float, test: float) -> dict[str, Any]:
    return {
        "informativeness_train": train,
        "informativeness_test": test,
        "disentanglement": disentanglement(importances),
        "completeness": completeness(importances),
    }
