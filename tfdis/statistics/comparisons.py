"""Tests whether one setting is better than another, from scores of the same seeds."""

from collections.abc import Sequence
from itertools import product
from typing import Annotated

import numpy as np
from annotated_types import Ge

from tfdis.checks import Count, Fraction
from tfdis.errors import UserError

_EXACT = 14  # up to this many pairs all 2^n signs are tried
_LARGEST = 10**6


def permutation_test(
    differences: Sequence[float] | np.ndarray, num_resamples: Count = 20_000, seed: int = 0
) -> float:
    """The two-sided p-value of paired differences whose mean is 0 under the null hypothesis.

    If two settings were the same, each difference could equally have the opposite sign (Fisher,
    "The design of experiments", 1935, section 21). Up to 14 pairs every choice of signs is tried.

    Args:
        differences: one per pair, `[pairs]`, two or more.
        num_resamples: how many choices of signs are drawn where there are more pairs.
        seed: of the signs.

    Raises:
        UserError: there are fewer than two pairs.
    """
    differences = _at_least_two(differences)
    count = len(differences)
    if count <= _EXACT:
        signs = np.array(list(product((1.0, -1.0), repeat=count)))
    else:
        random = np.random.default_rng(seed)
        signs = random.integers(0, 2, size=(num_resamples, count)) * 2.0 - 1.0
    observed = abs(np.sum(differences))
    extreme = np.abs(signs @ differences) >= observed * (1 - 1e-12) - 1e-300
    if count <= _EXACT:
        return float(np.mean(extreme))
    return float((1 + np.sum(extreme)) / (1 + num_resamples))


def bootstrap_interval(
    differences: Sequence[float] | np.ndarray,
    confidence: Fraction = 0.95,
    num_resamples: Count = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """The percentile bootstrap's interval of the mean of paired differences.

    Args:
        differences: one per pair, `[pairs]`, two or more.
        confidence: the share of such intervals that should hold the true mean; with few pairs fewer
            do.
        num_resamples: how many times pairs are drawn with replacement.
        seed: of the draws.

    Raises:
        UserError: there are fewer than two pairs.
    """
    differences = _at_least_two(differences)
    random = np.random.default_rng(seed)
    means = np.array(
        [
            np.mean(differences[random.integers(len(differences), size=len(differences))])
            for _ in range(num_resamples)
        ]
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """p-values of many comparisons, corrected for their number.

    Holm, "A simple sequentially rejective multiple test procedure", 1979: the smallest of m counts
    m times, the next m - 1 times, and none less than one before it.

    Args:
        p_values: `[comparisons]`.

    Returns:
        in the same order, `[comparisons]`, none above 1.
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    times = len(p_values) - np.arange(len(p_values))
    corrected = np.empty_like(p_values)
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * times), 1.0)
    return corrected


def seeds_to_detect(
    difference: float,
    standard_deviation: Annotated[float, Ge(0)],
    power: Fraction = 0.8,
    significance: Fraction = 0.05,
) -> int:
    """How many pairs of seeds a paired t test needs to find a difference.

    The least n at which a two-sided test at this significance rejects with at least this power,
    from the noncentral t distribution.

    Args:
        difference: of the two settings' means, not 0.
        standard_deviation: of the paired differences.
        power: how often the test should find it.
        significance: how often it may find one that is not there.

    Raises:
        UserError: no number of seeds up to a million is enough.
    """
    from scipy.stats import nct, t

    def found(count: int) -> bool:
        shift = abs(difference) / standard_deviation * np.sqrt(count)
        limit = t.ppf(1 - significance / 2, count - 1)
        chance = nct.sf(limit, count - 1, shift) + nct.cdf(-limit, count - 1, shift)
        return not np.isfinite(chance) or chance >= power

    if standard_deviation == 0 and difference != 0:
        return 2
    low, high = 1, 2
    while difference != 0 and high <= _LARGEST and not found(high):
        low, high = high, 2 * high
    if difference == 0 or high > _LARGEST:
        raise UserError(f"No million seeds would find a difference of {difference:g}.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return high


def _at_least_two(differences: Sequence[float] | np.ndarray) -> np.ndarray:
    differences = np.asarray(differences, dtype=np.float64)
    if differences.ndim != 1 or len(differences) < 2 or not np.isfinite(differences).all():
        raise UserError(
            "A comparison needs two or more pairs of finite scores, with the same seeds on both "
            f"sides; received {differences.size}."
        )
    return differences
