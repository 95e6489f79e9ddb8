"""A score over several seeds: its mean and the interval of the mean."""

import dataclasses
from collections.abc import Sequence

import numpy as np

CONFIDENCE = 0.95


@dataclasses.dataclass(frozen=True)
class MeanInterval:
    """A score over several seeds.

    Attributes:
        mean: over seeds.
        low: where the interval of the mean begins; None where there is one value only.
        high: where it ends; None where there is one value only.
        values: one per seed.
    """

    mean: float
    low: float | None
    high: float | None
    values: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many seeds there are."""
        return len(self.values)

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.mean:.4f}"
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def mean_interval(
    values: Sequence[float] | np.ndarray, confidence: float = CONFIDENCE
) -> MeanInterval | None:
    """The mean of independent values, with Student's t interval of it.

    mean +- t s / sqrt(n), with n - 1 degrees of freedom. Unlike the percentile bootstrap, which
    underestimates the variance by (n - 1) / n, it keeps its level at the two to five seeds that
    studies have, as long as the seeds' scores are about normal; it may reach beyond a score's
    range.

    Args:
        values: one per seed, `[num_seeds]`; those that are NaN are left out.
        confidence: the share of such intervals that hold the true mean, in (0, 1).

    Returns:
        None where no value is left.
    """
    from scipy.special import stdtrit

    values = np.asarray(values, dtype=np.float64)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return None
    mean, seeds = float(values.mean()), tuple(values.tolist())
    if values.size == 1:
        return MeanInterval(mean, None, None, seeds)
    standard_error = values.std(ddof=1) / np.sqrt(values.size)
    margin = float(stdtrit(values.size - 1, (1 + confidence) / 2) * standard_error)
    return MeanInterval(mean, mean - margin, mean + margin, seeds)
