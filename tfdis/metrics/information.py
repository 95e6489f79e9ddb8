"""Mutual information and entropy, in nats."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np

from tfdis.metrics.arrays import as_random_state
from tfdis.metrics.discretizer import histogram_discretizer
from tfdis.metrics.fast_fits import in_parallel

_ROUNDING = 1e-13  # nats; information below it is set to zero

Estimator = Literal["bins", "neighbours"]


def discrete_mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(code; factor) of each pair of discrete variables, `[num_latents, num_factors]`.

    sum_ij p_ij log(p_ij / (p_i p_j)), with the shares in which values occur together.

    Args:
        codes: discretized, `[samples, num_latents]`.
        factors: labels, `[samples, num_factors]`.
    """
    first, second = _numbered(codes), _numbered(factors)
    return np.array([[_information(*code, *factor) for factor in second] for code in first])


def discrete_entropy(factors: np.ndarray) -> np.ndarray:
    """H(factor) of each column of labels, `[num_factors]`."""
    return np.array([_entropy(counts) for _, counts in _numbered(factors)])


def mutual_information(
    codes: np.ndarray,
    factors: np.ndarray,
    continuous: Sequence[bool],
    estimator: Estimator = "bins",
    discretizer: Callable[[np.ndarray], np.ndarray] = histogram_discretizer,
    random_state: int | np.random.RandomState | None = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """I(code; factor) of each pair, and the H(factor) that it is a share of.

    The entropy of a continuous factor is that of its bins, with either estimator: its differential
    entropy may be negative, and is not an upper bound.

    Args:
        codes: numbers, `[samples, num_latents]`.
        factors: labels or quantities, `[samples, num_factors]`.
        continuous: for each factor whether it is a quantity.
        estimator: "bins" counts in bins of codes and of continuous factors; "neighbours" leaves
            both continuous (`neighbour_mutual_information`).
        discretizer: puts each column into bins.
        random_state: of the noise that keeps equal neighbours apart.

    Returns:
        `[num_latents, num_factors]` and `[num_factors]`.
    """
    binned = binned_factors(factors, continuous, discretizer)
    if estimator == "neighbours":
        information = neighbour_mutual_information(
            codes, factors, continuous, random_state=random_state
        )
    else:
        information = discrete_mutual_information(discretizer(codes), binned)
    return information, discrete_entropy(binned)


def neighbour_mutual_information(
    codes: np.ndarray,
    factors: np.ndarray,
    continuous: Sequence[bool],
    num_neighbours: int = 3,
    random_state: int | np.random.RandomState | None = 0,
) -> np.ndarray:
    """I(code; factor) of each pair from distances to nearest neighbours, by scikit-learn.

    Of two continuous quantities: Kraskov, Stögbauer and Grassberger, "Estimating mutual
    information", 2004; of a continuous one and labels: Ross, "Mutual information between discrete
    and continuous data sets", 2014.

    Args:
        codes: numbers, `[samples, num_latents]`.
        factors: labels or quantities, `[samples, num_factors]`.
        continuous: for each factor whether it is a quantity.
        num_neighbours: which neighbour's distance counts.
        random_state: of the noise that keeps equal neighbours apart.

    Returns:
        not negative, `[num_latents, num_factors]`.
    """
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    seeds = as_random_state(random_state).randint(2**31 - 1, size=factors.shape[1])
    columns = in_parallel(
        partial(
            mutual_info_regression if is_continuous else mutual_info_classif,
            codes,
            factor,
            discrete_features=False,
            n_neighbors=num_neighbours,
            random_state=seed,
        )
        for factor, is_continuous, seed in zip(factors.T, continuous, seeds)
    )
    return np.stack(columns, axis=-1)


def binned_factors(
    factors: np.ndarray,
    continuous: Sequence[bool],
    discretizer: Callable[[np.ndarray], np.ndarray] = histogram_discretizer,
) -> np.ndarray:
    """The factors with the continuous ones in bins, `[samples, num_factors]`."""
    if not any(continuous):
        return factors
    return np.where(continuous, discretizer(factors), factors)


def _numbered(columns: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each column its values' numbers, `[samples]`, and how often each occurs."""
    found = [np.unique(column, return_inverse=True, return_counts=True) for column in columns.T]
    return [(numbers, counts) for _, numbers, counts in found]


def _information(
    first: np.ndarray, first_counts: np.ndarray, second: np.ndarray, second_counts: np.ndarray
) -> float:
    pairs, counts = np.unique(first * len(second_counts) + second, return_counts=True)
    i, j = np.divmod(pairs, len(second_counts))
    expected = np.log(first_counts[i]) + np.log(second_counts[j]) - np.log(len(first))
    information = float(np.sum(counts * (np.log(counts) - expected)) / len(first))
    return information if information > _ROUNDING else 0.0


def _entropy(counts: np.ndarray) -> float:
    shares = counts / np.sum(counts)
    return max(0.0, float(-np.sum(shares * np.log(shares))))
