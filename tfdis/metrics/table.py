"""Codes and factors that were computed elsewhere: a finite set of points to score."""

from collections.abc import Sequence

import numpy as np

from tfdis.errors import UserError
from tfdis.metrics.arrays import (
    Continuous,
    FactorError,
    checked_codes,
    checked_factors,
    refuse_misshapen,
    require_samples,
)
from tfdis.metrics.source import Source


class TableSource(Source):
    """Codes and factors of a finite set of points.

    A factor's values are numbered in sorted order. Points are drawn without replacement, those to
    test on apart from those to train on. Where a metric fixes a factor, it draws (with replacement)
    among the points that have its value. Where a metric changes one factor and leaves the others,
    the table must have a point for the combination.

    Args:
        codes: finite numbers, `[points, num_latents]`.
        factors: labels or quantities, `[points, num_factors]`.
        factor_names: one name per factor.
        continuous: which factors are quantities; see `checked_factors`.

    Attributes:
        exact: whether to refuse where a metric asks for more points than there are. Otherwise it
            gets all of them, or, to train and test on, no more than a third to test on and the rest
            to train on.

    Raises:
        UserError: shapes do not match, values are missing, or codes are too large.
    """

    def __init__(
        self,
        codes: np.ndarray,
        factors: np.ndarray,
        factor_names: Sequence[str] | None = None,
        continuous: Continuous = None,
    ):
        refuse_misshapen(codes, factors)
        num_factors = np.shape(factors)[1]
        self.factor_names = tuple(factor_names or (f"factor_{i}" for i in range(num_factors)))
        if len(self.factor_names) != num_factors:
            raise UserError(
                f"factor_names must have one name per factor: there are {num_factors} factors, "
                f"and {len(self.factor_names)} names."
            )
        self._codes = checked_codes(codes)
        try:
            factors, kinds = checked_factors(factors, continuous)
        except FactorError as error:
            raise error.named(self.factor_names) from None
        columns = [np.unique(column, return_inverse=True) for column in factors.T]
        labels = np.stack([each for _, each in columns], axis=-1).astype(np.int64)
        self._continuous, self._labels = kinds, labels
        self._factors = np.where(self._continuous, factors, labels) if any(kinds) else labels
        self.exact = False
        self.factors_num_values = [len(values) for values, _ in columns]
        self._by_value = [_Grouped(each) for each in labels.T]
        self._by_combination: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def continuous(self) -> tuple[bool, ...]:
        """See `Source.continuous`."""
        return self._continuous

    @property
    def num_points(self) -> int:
        """How many points there are."""
        return len(self._codes)

    def points(
        self, num: int, random_state: np.random.RandomState, batch_size: int = 16
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.points`; `batch_size` has no bearing."""
        require_samples(self._codes)
        self._refuse_more(num)
        rows = random_state.permutation(self.num_points)[:num]
        return self._codes[rows], self._factors[rows]

    def train_and_test_points(
        self, num_train: int, num_test: int, random_state: np.random.RandomState, batch_size: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """See `Source.train_and_test_points`; no point is in both."""
        require_samples(self._codes)
        self._refuse_more(num_train + num_test)
        if num_train + num_test > self.num_points:
            num_test = min(num_test, self.num_points // 3)
        order = random_state.permutation(self.num_points)
        test, train = order[:num_test], order[num_test : num_test + num_train]
        return self._codes[train], self._factors[train], self._codes[test], self._factors[test]

    def groups(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.groups`."""
        self._refuse_what_cannot_be_fixed()
        fixed = random_state.randint(self.num_factors, size=num)
        rows = np.empty((num, size), np.int64)
        for factor, grouped in enumerate(self._by_value):
            mine = np.flatnonzero(fixed == factor)
            candidates = grouped.repeated()
            anchors = candidates[random_state.randint(len(candidates), size=len(mine))]
            rows[mine] = grouped.companions(np.repeat(anchors[:, None], size, 1), random_state)
        return fixed, self._codes[rows]

    def pairs(
        self, num: int, size: int, random_state: np.random.RandomState
    ) -> tuple[np.ndarray, np.ndarray]:
        """See `Source.pairs`."""
        self._refuse_what_cannot_be_fixed()
        fixed = random_state.randint(self.num_factors, size=num)
        first = random_state.randint(self.num_points, size=(num, size))
        second = np.empty_like(first)
        for factor, grouped in enumerate(self._by_value):
            mine = fixed == factor
            second[mine] = grouped.companions(first[mine], random_state)
        return fixed, self._codes[np.stack([first, second], axis=1)]

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """See `Source.sample_factors`: those of points drawn with replacement."""
        return self._labels[random_state.randint(self.num_points, size=num)]

    def codes_of(
        self, factors: list[np.ndarray], random_state: np.random.RandomState
    ) -> list[np.ndarray]:
        """See `Source.codes_of`.

        Raises:
            UserError: the table has no point with one of these combinations.
        """
        if self._by_combination is None:
            combined = self._combined(self._labels)
            order = np.argsort(combined, kind="stable")
            self._by_combination = combined[order], order
        known, order = self._by_combination
        return [self._codes[order[self._find(known, rows, random_state)]] for rows in factors]

    def _find(
        self, known: np.ndarray, factors: np.ndarray, random_state: np.random.RandomState
    ) -> np.ndarray:
        wanted = self._combined(factors)
        start = np.searchsorted(known, wanted, side="left")
        count = np.searchsorted(known, wanted, side="right") - start
        if not count.all():
            values = factors[np.argmin(count)]
            pairs = ", ".join(f"{name} {value}" for name, value in zip(self.factor_names, values))
            raise UserError(
                "This metric changes one factor and leaves the others, and so needs a point for "
                f"every combination of factors; there is none with {pairs}."
            )
        return start + (random_state.random_sample(len(count)) * count).astype(np.int64)

    def _combined(self, factors: np.ndarray) -> np.ndarray:
        if np.prod(self.factors_num_values, dtype=float) > 2.0**62:
            raise UserError("There are too many combinations of factors to look one up.")
        return np.ravel_multi_index(tuple(factors.T), self.factors_num_values)

    def _refuse_what_cannot_be_fixed(self) -> None:
        require_samples(self._codes)
        for name, size in zip(self.factor_names, self.factors_num_values):
            if size == 1:
                raise UserError(
                    f"Factor '{name}' has a single value in {self.num_points} samples, and a "
                    "metric that fixes it learns nothing: leave the factor out."
                )
            if size == self.num_points:
                raise UserError(
                    f"Factor '{name}' has another value at every point: a metric that fixes it "
                    "needs points that share a value; group its values first."
                )

    def _refuse_more(self, num: int) -> None:
        if self.exact and num > self.num_points:
            raise UserError(
                f"{num} points are asked for, and there are {self.num_points}: ask for fewer."
            )


class _Grouped:
    """The points by the value of one factor."""

    def __init__(self, labels: np.ndarray):
        self._labels = labels
        self._order = np.argsort(labels, kind="stable")
        self._counts = np.bincount(labels)
        self._starts = np.cumsum(self._counts) - self._counts

    def repeated(self) -> np.ndarray:
        """The points whose value some other point has too."""
        return np.flatnonzero(self._counts[self._labels] > 1)

    def companions(self, points: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """For each point one that has its value, drawn with replacement; maybe the same."""
        labels = self._labels[points]
        steps = (random_state.random_sample(points.shape) * self._counts[labels]).astype(np.int64)
        return self._order[self._starts[labels] + steps]
