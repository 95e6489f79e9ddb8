"""How well a factor is predicted after the latents that matter most to it are removed."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count, Index
from tfdis.config import configurable, external_configurable
from tfdis.errors import UserError
from tfdis.metrics.arrays import Continuous, Points, checked_points, require_labels
from tfdis.metrics.dci import boosted_importances
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import accuracies, gradient_boosting_classifier, make_predictor_fn
from tfdis.metrics.source import Source

Reduce = Callable[..., tuple[np.ndarray, np.ndarray]]


def factorwise_dci(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
) -> np.ndarray:
    """DCI's importances, `[num_latents, num_factors]`."""
    return boosted_importances(train_codes, train_factors, test_codes, test_factors)[0]


external_configurable(
    factorwise_dci,
    "factorwise_dci",
    denylist=["train_codes", "train_factors", "test_codes", "test_factors"],
)


def without_the_best_latent(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    factor_of_interest: Index,
    correlation_measure: Callable[..., np.ndarray] = factorwise_dci,
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


def reduced_downstream_task(
    codes: np.ndarray,
    factors: np.ndarray,
    test_codes: np.ndarray | None = None,
    test_factors: np.ndarray | None = None,
    num_factors_to_remove: Count = 2,
    make_predictor: Callable[[], Any] = gradient_boosting_classifier,
    reduce: Reduce = without_the_best_latent,
    continuous: Continuous = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """Accuracy for each factor after the latents most important to one of them were removed.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: labels to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        num_factors_to_remove: how many latents are removed, one after the other.
        make_predictor: gives a new classifier, as scikit-learn's.
        reduce: removes one latent; see `without_the_best_latent`.
        continuous: see `checked_factors`; such factors are refused.
        random_state: decides what is held out.

    Returns:
        accuracies by disentanglement_lib's names; the "reduced factor" is the one whose latents
        were removed.

    Raises:
        UserError: the arrays cannot be scored, or too few latents would be left.
    """
    points, kinds = checked_points(
        codes, factors, test_codes, test_factors, continuous, random_state
    )
    require_labels(kinds, "reduced_downstream_task")
    num_latents = points.train_codes.shape[1]
    if num_factors_to_remove >= num_latents:
        raise UserError(
            f"reduced_downstream_task.num_factors_to_remove is {num_factors_to_remove}, and "
            f"there are {num_latents} latents: leave at least one."
        )
    scores = {}
    reduced = {"train": [], "test": []}
    others = {"train": [], "test": []}
    for factor in range(len(kinds)):
        left = points
        for _ in range(num_factors_to_remove):
            train_codes, test_codes = reduce(*left, factor)
            left = Points(train_codes, left.train_factors, test_codes, left.test_factors)
        for part, values in zip(("train", "test"), accuracies(make_predictor, left)):
            prefix = f"reduced_factor_{factor}:mean_{part}_accuracy"
            reduced[part].append(values[factor])
            others[part].append(np.mean([*values[:factor], *values[factor + 1 :]]))
            scores[f"{prefix}_reduced_factor"] = values[factor]
            scores[f"{prefix}_non_reduced_factor"] = others[part][-1]
            for i, value in enumerate(values):
                scores[f"{prefix}_factor_{i}"] = value
    for part in ("train", "test"):
        scores[f"mean_{part}_accuracy_reduced_factor"] = np.mean(reduced[part])
        scores[f"mean_{part}_accuracy_other_factors"] = np.mean(others[part])
    return Scores(scores)


@metric("reduced_downstream_task")
def _reduced_downstream_task(
    source: Source,
    random_state: np.random.RandomState,
    num_factors_to_remove: Count = gin.REQUIRED,
    num_train: Sequence[Count] = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    batch_size: Count = 16,
) -> Scores:
    """`reduced_downstream_task` of drawn points, for several sizes of the training set.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_factors_to_remove: how many latents are removed, one after the other.
        num_train: how many points to train on, one size n after the other; n and a colon go before
            the scores' names.
        num_test: how many points to test on.
        batch_size: how many are drawn at a time.
    """
    scores = {}
    for size in num_train:
        points = source.train_and_test_points(size, num_test, random_state, batch_size)
        found = reduced_downstream_task(
            *points,
            num_factors_to_remove,
            make_predictor_fn(),
            reduced_representation,
            source.continuous,
        )
        scores |= {f"{size}:{name}": value for name, value in found.items()}
    return Scores(scores)


@configurable("reduced_representation")
def reduced_representation(
    train_codes: np.ndarray,
    train_factors: np.ndarray,
    test_codes: np.ndarray,
    test_factors: np.ndarray,
    factor_of_interest: Index,
    correlation_measure: Callable = gin.REQUIRED,
) -> tuple[np.ndarray, np.ndarray]:
    """`without_the_best_latent` with the configured measure."""
    return without_the_best_latent(
        train_codes,
        train_factors,
        test_codes,
        test_factors,
        factor_of_interest,
        correlation_measure,
    )
