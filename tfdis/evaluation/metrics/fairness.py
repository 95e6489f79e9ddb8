"""Unfairness.

Locatello et al., "On the fairness of disentangled representations", 2019, section 4.
"""

import os
from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.errors import UserError
from tfdis.evaluation.metric import metric, require_varied_factors
from tfdis.evaluation.metrics.predictor import make_predictor_fn
from tfdis.evaluation.sources import Source, source_of


@metric
def fairness(
    ground_truth_data: Any,
    representation_function: Callable,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike | None = None,
    num_train: int = gin.REQUIRED,
    num_test_points_per_class: int = gin.REQUIRED,
    batch_size: int = 16,
) -> dict[str, Any]:
    """How far what is predicted of one factor depends on another, sensitive one.

    The paper's score is mean_fairness:mean_pred:mean_sens; 0 is fair.

    Args:
        ground_truth_data: see `Source`.
        representation_function: images to codes.
        random_state: where the points are drawn from.
        artifact_dir: unused.
        num_train: how many points to train the predictors on.
        num_test_points_per_class: how many points get each value of the sensitive factor.
        batch_size: how many training points are drawn at a time.

    Returns:
        the mean (mean_fairness) and the largest (max_fairness) total variation distance for every
        pair of predicted and sensitive factor, and means and maxima of them over both.
    """
    source = source_of(ground_truth_data, representation_function)
    if source.num_factors < 2:
        raise UserError("fairness relates two factors, and there is only one.")
    codes, factors = source.points(num_train, random_state, batch_size)
    require_varied_factors(factors, source.factor_names)
    make_predictor = make_predictor_fn()
    shape = (source.num_factors, source.num_factors)
    mean, largest = np.zeros(shape), np.zeros(shape)
    for predicted in range(source.num_factors):
        model = make_predictor()
        model.fit(codes, factors[:, predicted])
        for sensitive in range(source.num_factors):
            if sensitive != predicted:
                counts = _predictions(
                    source, model, predicted, sensitive, num_test_points_per_class, random_state
                )
                distances = _total_variations(counts)
                mean[predicted, sensitive] = np.sum(
                    distances * counts.sum(axis=0) / counts.sum(), dtype=np.float64
                )
                largest[predicted, sensitive] = np.max(distances)
    return _summary(mean, "mean_fairness") | _summary(largest, "max_fairness")


def _predictions(
    source: Source,
    model: Any,
    predicted: int,
    sensitive: int,
    num_points: int,
    random_state: np.random.RandomState,
) -> np.ndarray:
    """How often each value is predicted while the sensitive factor has each of its values.

    Returns:
        counts, `[values of predicted, values of sensitive]`.
    """
    original = source.sample_factors(num_points, random_state)
    changed = []
    for value in range(source.factors_num_values[sensitive]):
        changed.append(original.copy())
        changed[-1][:, sensitive] = value
    codes = source.codes_of(changed, random_state)
    labels = model.predict(np.concatenate(codes)).reshape(len(changed), num_points)
    size = source.factors_num_values[predicted]
    return np.stack([np.bincount(row, minlength=size) for row in labels], axis=-1)


def _total_variations(counts: np.ndarray) -> np.ndarray:
    """Between each column's distribution and that of all columns together."""
    overall = np.sum(counts, axis=1, dtype=np.float32)
    overall /= overall.sum()
    distributions = counts.astype(np.float32) / counts.sum(axis=0)
    return np.abs(distributions - overall[:, None]).sum(axis=0) / 2


def _summary(scores: np.ndarray, name: str) -> dict[str, float]:
    """Means and maxima over predicted factors (rows) and sensitive ones (columns)."""
    num_factors = len(scores)
    off_diagonal = ~np.eye(num_factors, dtype=bool)
    result = {f"{name}:pred{i}:sens{j}": scores[i, j] for i, j in zip(*np.nonzero(off_diagonal))}
    by_row = scores[off_diagonal].reshape(num_factors, num_factors - 1)
    by_column = scores.T[off_diagonal].reshape(num_factors, num_factors - 1)
    kinds = (("mean", np.mean), ("max", np.max))
    for each, other, values in (("pred", "sens", by_row), ("sens", "pred", by_column)):
        for inner_name, inner in kinds:
            inners = inner(values, axis=1)
            for i, value in enumerate(inners):
                result[f"{name}:{each}{i}:{inner_name}_{other}"] = value
            for outer_name, outer in kinds:
                result[f"{name}:{outer_name}_{each}:{inner_name}_{other}"] = outer(inners)
    return result
