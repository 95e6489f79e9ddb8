"""How well a classifier predicts a factor where another has values it was not trained on."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import numpy as np

from tfdis.checks import Count
from tfdis.errors import UserError
from tfdis.metrics.arrays import Points, as_random_state, checked, require_labels
from tfdis.metrics.metric import Scores, metric
from tfdis.metrics.predictor import accuracies, gradient_boosting_classifier, make_predictor_fn
from tfdis.metrics.source import Source
from tfdis.metrics.table import TableSource


def strong_downstream_task(
    codes: np.ndarray,
    factors: np.ndarray,
    num_train: Count = 1000,
    num_test: Count = 500,
    num_experiments: Count = 10,
    make_predictor: Callable[[], Any] = gradient_boosting_classifier,
    random_state: int | np.random.RandomState | None = 0,
) -> Scores:
    """Accuracy under a covariate shift: one other factor is fixed in training, and not so in test.

    Args:
        codes: `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`; every combination must be there.
        num_train: how many points to train on, drawn with replacement.
        num_test: how many points to test on.
        num_experiments: how many interventions per factor.
        make_predictor: gives a new classifier, as scikit-learn's.
        random_state: of all draws.

    Returns:
        mean_train_accuracy and mean_test_accuracy without an intervention,
        mean_strong_train_accuracy and mean_strong_test_accuracy with one, and
        strong_generalization_gap, one minus the ratio of the two in test.

    Raises:
        UserError: the arrays cannot be scored, or a combination of factors is not there.
    """
    state = as_random_state(random_state)
    return _scores(
        TableSource(codes, factors),
        state,
        state,
        num_train,
        num_test,
        num_experiments,
        make_predictor,
    )


@metric("strong_downstream_task")
def _strong_downstream_task(
    source: Source,
    random_state: np.random.RandomState,
    num_train: Sequence[Count] = gin.REQUIRED,
    num_test: Count = gin.REQUIRED,
    n_experiment: Count = gin.REQUIRED,
) -> Scores:
    """`strong_downstream_task` of drawn points, for several sizes of the training set.

    Which factor is fixed, at which value, and to what it is set in test is drawn from numpy's
    global random state, as in disentanglement_lib.

    Args:
        source: where codes and factors come from.
        random_state: what the points are drawn with.
        num_train: how many points to train on, one size n after the other; n and a colon go before
            the scores' names.
        num_test: how many points to test on.
        n_experiment: how many interventions per factor.
    """
    scores = {}
    for size in num_train:
        found = _scores(
            source, random_state, np.random, size, num_test, n_experiment, make_predictor_fn()
        )
        scores |= {f"{size}:{name}": value for name, value in found.items()}
    return Scores(scores)


def _scores(
    source: Source,
    random_state: np.random.RandomState,
    interventions: Any,
    num_train: int,
    num_test: int,
    num_experiments: int,
    make_predictor: Callable[[], Any],
) -> Scores:
    require_labels(source.continuous, "strong_downstream_task")
    if max(source.factors_num_values) < 2 or source.num_factors < 2:
        raise UserError("strong_downstream_task needs two factors that vary.")
    factors = [source.sample_factors(num, random_state) for num in (num_train, num_test)]
    codes = source.codes_of(factors, random_state)
    checked(codes[0], factors[0], source.continuous)
    train, test = accuracies(make_predictor, Points(codes[0], factors[0], codes[1], factors[1]))
    strong_train, strong_test = _under_interventions(
        source, make_predictor, *factors, random_state, interventions, num_experiments
    )
    return Scores(
        {
            "mean_train_accuracy": np.mean(train),
            "mean_test_accuracy": np.mean(test),
            "mean_strong_train_accuracy": np.mean(strong_train),
            "mean_strong_test_accuracy": np.mean(strong_test),
            "strong_generalization_gap": 1.0 - np.mean(strong_test) / np.mean(test),
        }
    )


def _under_interventions(
    source: Source,
    make_predictor: Callable[[], Any],
    train_factors: np.ndarray,
    test_factors: np.ndarray,
    random_state: np.random.RandomState,
    interventions: Any,
    num_experiments: int,
) -> tuple[list[float], list[float]]:
    train, test = [], []
    for target in range(source.num_factors):
        for _ in range(num_experiments):
            changed = _intervene(
                train_factors, test_factors, target, source.factors_num_values, interventions
            )
            train_codes, test_codes = source.codes_of(list(changed), random_state)
            labels = [factors[:, [target]] for factors in changed]
            accuracy = accuracies(
                make_predictor, Points(train_codes, labels[0], test_codes, labels[1])
            )
            train += accuracy[0]
            test += accuracy[1]
    return train, test


def _intervene(
    train_factors: np.ndarray,
    test_factors: np.ndarray,
    target: int,
    sizes: Sequence[int],
    random: Any,
) -> tuple[np.ndarray, np.ndarray]:
    """Fixes a factor other than `target` in training, and uses its other values in test."""
    train_factors, test_factors = train_factors.copy(), test_factors.copy()
    fixed = random.choice([i for i in range(len(sizes)) if i != target])
    values = list(range(sizes[fixed]))
    value = random.choice(values)
    values.remove(value)
    if not values:
        raise UserError(
            f"strong_downstream_task changes each factor, and factor {fixed} has one value only."
        )
    train_factors[:, fixed] = value
    test_factors[:, fixed] = random.choice(values, size=len(test_factors))
    return train_factors, test_factors
