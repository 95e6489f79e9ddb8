"""Unfairness.

Locatello et al., "On the fairness of disentangled representations", 2019, section 4.
"""

from collections.abc import Callable
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.errors import UserError
from tfdis.metrics.arrays import as_random_state, checked, require_labels
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import gradient_boosting_classifier, make_predictor_fn
from tfdis.metrics.source import Source
from tfdis.metrics.table import TableSource


def fairness(
    codes: np.ndarray,
    factors: np.ndarray,
    num_train: Count = 10000,
    num_test_points_per_class: Count = 100,
    make_predictor: Callable[[], Any] = gradient_boosting_classifier,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """How much the prediction of one factor depends on another, sensitive one.

    The paper's score is mean_fairness:mean_pred:mean_sens; 0 is fair.

    Args:
        codes: `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`; every combination must be there.
        num_train: how many points to train the predictors on, at most.
        num_test_points_per_class: how many points get each value of the sensitive factor.
        make_predictor: gives a new classifier, as scikit-learn's.
        random_state: of all draws.

    Returns:
        the mean (mean_fairness) and the largest (max_fairness) total variation distance for every
        pair of predicted and sensitive factor, and means and maxima of them over both.

    Raises:
        UserError: the arrays cannot be scored, or a combination of factors is not there.
    """
    source, state = TableSource(codes, factors), as_random_state(random_state)
    points = source.points(num_train, state)
    return _scores(source, state, *points, num_test_points_per_class, make_predictor)


@metric("fairness")
def _fairness(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Count = gin.REQUIRED,
    num_test_points_per_class: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`fairness` of drawn points.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train the predictors on.
        num_test_points_per_class: how many points get each value of the sensitive factor.
        batch_size: how many training points are drawn at a time.
    """
    points = source.points(num_train, random_state, batch_size)
    return _scores(source, random_state, *points, num_test_points_per_class, make_predictor_fn())


def _scores(
    source: Source,
    random_state: np.random.RandomState,
    codes: np.ndarray,
    factors: np.ndarray,
    num_points: int,
    make_predictor: Callable[[], Any],
) -> Scores:
    require_labels(source.continuous, "fairness")
    if source.num_factors < 2:
        raise UserError("fairness relates two factors, and there is only one.")
    checked(codes, factors, source.continuous)
    shape = (source.num_factors, source.num_factors)
    mean, largest = np.zeros(shape), np.zeros(shape)
    for predicted in range(source.num_factors):
        model = make_predictor()
        model.fit(codes, factors[:, predicted])
        for sensitive in range(source.num_factors):
            if sensitive != predicted:
                counts = _predictions(source, model, predicted, sensitive, num_points, random_state)
                distances = _total_variations(counts)
                mean[predicted, sensitive] = np.sum(
                    distances * counts.sum(axis=0) / counts.sum(), dtype=np.float64
                )
                largest[predicted, sensitive] = np.max(distances)
    return Scores(_summary(mean, "mean_fairness") | _summary(largest, "max_fairness"))


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
