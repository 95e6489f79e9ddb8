"""How well a classifier tells a factor where another has values it was not trained on."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError
from tfdis.evaluation.metric import metric, require_varied_factors
from tfdis.evaluation.metrics.predictor import accuracies, make_predictor_fn
from tfdis.evaluation.sources import Source, source_of


@metric
def strong_downstream_task(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: Sequence[int] = gin.REQUIRED,
    num_test: int = gin.REQUIRED,
    n_experiment: int = gin.REQUIRED,
) -> dict[str, Any]:
    """Accuracy under a covariate shift: one other factor is fixed in training, and not so in test.

    Which factor is fixed, at which value, and to what it is set in test is drawn from numpy's
    global random state, as in disentanglement_lib.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        num_train: how many points to train on, one size after the other.
        num_test: how many points to test on.
        n_experiment: how many interventions per factor.

    Returns:
        for each size n, n:mean_train_accuracy and n:mean_test_accuracy without an intervention,
        n:mean_strong_train_accuracy and n:mean_strong_test_accuracy with one, and
        n:strong_generalization_gap, one minus the ratio of the two in test.
    """
    source = source_of(ground_truth_data, representation_function)
    if max(source.factors_num_values) < 2 or source.num_factors < 2:
        raise UserError("strong_downstream_task needs two factors that vary.")
    scores = {}
    for size in num_train:
        factors = [source.sample_factors(num, random_state) for num in (size, num_test)]
        require_varied_factors(factors[0], source.factor_names)
        codes = source.codes_of(factors, random_state)
        make_predictor = make_predictor_fn()
        train, test = accuracies(make_predictor, codes[0], factors[0], codes[1], factors[1])
        strong_train, strong_test = _under_interventions(
            source, make_predictor, *factors, random_state, n_experiment
        )
        scores[f"{size}:mean_train_accuracy"] = np.mean(train)
        scores[f"{size}:mean_test_accuracy"] = np.mean(test)
        scores[f"{size}:mean_strong_train_accuracy"] = np.mean(strong_train)
        scores[f"{size}:mean_strong_test_accuracy"] = np.mean(strong_test)
        ratio = np.mean(strong_test) / np.mean(test)
        scores[f"{size}:strong_generalization_gap"] = 1.0 - ratio
    return scores


def _under_interventions(
    source: Source,
    make_predictor: Callable[[], Any],
    train_factors: np.ndarray,
    test_factors: np.ndarray,
    random_state: np.random.RandomState,
    n_experiment: int,
) -> tuple[list[float], list[float]]:
    train, test = [], []
    for target in range(source.num_factors):
        for _ in range(n_experiment):
            changed = _intervene(train_factors, test_factors, target, source.factors_num_values)
            train_codes, test_codes = source.codes_of(list(changed), random_state)
            labels = [factors[:, [target]] for factors in changed]
            accuracy = accuracies(make_predictor, train_codes, labels[0], test_codes, labels[1])
            train += accuracy[0]
            test += accuracy[1]
    return train, test


def _intervene(
    train_factors: np.ndarray, test_factors: np.ndarray, target: int, sizes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Fixes a factor other than `target` in training, and gives it its other values in test."""
    train_factors, test_factors = train_factors.copy(), test_factors.copy()
    fixed = np.random.choice([i for i in range(len(sizes)) if i != target])
    values = list(range(sizes[fixed]))
    value = np.random.choice(values)
    values.remove(value)
    if not values:
        raise UserError(
            f"strong_downstream_task changes each factor, and factor {fixed} has one value only."
        )
    train_factors[:, fixed] = value
    test_factors[:, fixed] = np.random.choice(values, size=len(test_factors))
    return train_factors, test_factors
