"""What is left of a factor in the codes once the latents that know most of it are taken away."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.evaluation.metric import metric, require_varied_factors
from tfdis.evaluation.metrics.dci import boosted_importances
from tfdis.evaluation.metrics.predictor import accuracies, make_predictor_fn
from tfdis.evaluation.sources import source_of


@metric
def reduced_downstream_task(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_factors_to_remove: int = gin.REQUIRED,
    num_train: Sequence[int] = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """Accuracy for each factor after the latents most important to one of them were removed.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        num_factors_to_remove: how many latents are removed, one after the other.
        num_train: how many points to train on, one size after the other.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.

    Returns:
        per size, accuracies by disentanglement_lib's names; the "reduced factor" is the one whose
        latents were removed.
    """
    source = source_of(ground_truth_data, representation_function)
    scores = {}
    for size in num_train:
        points = source.train_and_test_points(size, num_test, random_state, batch_size)
        require_varied_factors(points[1], source.factor_names)
        if num_factors_to_remove >= points[0].shape[1]:
            raise UserError(
                f"reduced_downstream_task.num_factors_to_remove is {num_factors_to_remove}, and "
                f"there are {points[0].shape[1]} latents: leave at least one."
            )
        scores |= _scores(str(size), points, num_factors_to_remove)
    return scores


@configurable("reduced_representation")
def reduced_representation(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    factor_of_interest: int,
    correlation_measure: Callable = gin.REQUIRED,
) -> tuple[np.ndarray, np.ndarray]:
    """Removes the latent that matters most to one factor.

    Args:
        train_codes: `[samples, num_latents]`.
        train_factors: `[samples, num_factors]`.
        test_codes: as `train_codes`.
        test_factors: as `train_factors`.
        factor_of_interest: which factor.
        correlation_measure: gives, of these four arrays, a matrix `[num_latents, num_factors]`
            whose columns are independent of one another.

    Returns:
        the codes without it, to train and to test on.
    """
    only = [factor_of_interest]
    importance = correlation_measure(
        train_codes, train_factors[:, only], test_codes, test_factors[:, only]
    )
    most = np.argmax(importance[:, 0])
    return np.delete(train_codes, most, axis=1), np.delete(test_codes, most, axis=1)


@configurable(
    "factorwise_dci", denylist=["train_codes", "train_factors", "test_codes", "test_factors"]
)
def factorwise_dci(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """DCI's importances, `[num_latents, num_factors]`."""
    return boosted_importances(train_codes, train_factors, test_codes, test_factors)[0]


def _scores(
    size: str, points: tuple[np.ndarray, ...], num_factors_to_remove: int
) -> dict[str, float]:
    train_codes, train_factors, test_codes, test_factors = points
    num_factors = train_factors.shape[1]
    scores = {}
    reduced = {"train": [], "test": []}
    others = {"train": [], "test": []}
    for factor in range(num_factors):
        train, test = train_codes, test_codes
        for _ in range(num_factors_to_remove):
            train, test = reduced_representation(train, train_factors, test, test_factors, factor)
        accuracy = accuracies(make_predictor_fn(), train, train_factors, test, test_factors)
        for part, values in zip(("train", "test"), accuracy):
            prefix = f"{size}:reduced_factor_{factor}:mean_{part}_accuracy"
            reduced[part].append(values[factor])
            others[part].append(np.mean([*values[:factor], *values[factor + 1 :]]))
            scores[f"{prefix}_reduced_factor"] = values[factor]
            scores[f"{prefix}_non_reduced_factor"] = others[part][-1]
            for i, value in enumerate(values):
                scores[f"{prefix}_factor_{i}"] = value
    for part in ("train", "test"):
        scores[f"{size}:mean_{part}_accuracy_reduced_factor"] = np.mean(reduced[part])
        scores[f"{size}:mean_{part}_accuracy_other_factors"] = np.mean(others[part])
    return scores
