"""How well a classifier tells factors from codes, by the number of points it was trained on."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.evaluation.metric import metric, require_varied_factors
from tfdis.evaluation.metrics.predictor import accuracies, make_predictor_fn
from tfdis.evaluation.sources import source_of


@metric
def downstream_task(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: Sequence[int] = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """Accuracy of the configured predictor, for several sizes of the training set.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        num_train: how many points to train on, one size after the other.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.

    Returns:
        for each size n, n:mean_train_accuracy, n:mean_test_accuracy, n:min_train_accuracy,
        n:min_test_accuracy over factors, and n:train_accuracy_factor_i, n:test_accuracy_factor_i.
    """
    source = source_of(ground_truth_data, representation_function)
    scores = {}
    for size in num_train:
        points = source.train_and_test_points(size, num_test, random_state, batch_size)
        require_varied_factors(points[1], source.factor_names)
        train, test = accuracies(make_predictor_fn(), *points)
        for part, values in (("train", train), ("test", test)):
            scores[f"{size}:mean_{part}_accuracy"] = np.mean(values)
            scores[f"{size}:min_{part}_accuracy"] = np.min(values)
            for i, value in enumerate(values):
                scores[f"{size}:{part}_accuracy_factor_{i}"] = value
    return scores
