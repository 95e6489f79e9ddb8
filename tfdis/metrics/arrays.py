"""Codes and factors for every score: checked, and split into training and test points."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfdis.errors import UserError

Continuous = bool | Sequence[bool] | None

_LARGEST = 1e15  # its square times a billion points is still a float32
FEWEST_SAMPLES = 4
_POINTS_PER_VALUE = 10


class FactorError(UserError):
    """One factor cannot be scored; `named` gives the same error with the factor's name.

    Args:
        factor: its number.
        problem: what follows its name in the sentence.
    """

    def __init__(self, factor: int, problem: str):
        super().__init__(f"Factor 'factor_{factor}' {problem}")
        self.factor = factor
        self.problem = problem

    def named(self, names: Sequence[str]) -> UserError:
        """The sentence with the factor's name in it."""
        return UserError(f"Factor '{names[self.factor]}' {self.problem}")


class Points(NamedTuple):
    """Codes `[samples, num_latents]` and factors `[samples, num_factors]` to train and test on."""

    train_codes: np.ndarray
    train_factors: np.ndarray
    test_codes: np.ndarray
    test_factors: np.ndarray


def checked_codes(codes: Any) -> np.ndarray:
    """Codes as an array of finite numbers, `[samples, num_latents]`.

    Raises:
        UserError: they are not numbers, are sequences, have missing values, or are too large.
    """
    codes = np.asarray(codes)
    if codes.dtype == object:
        try:
            codes = codes.astype(np.float64)
        except (TypeError, ValueError):
            raise UserError("codes must be numbers; they hold something else.") from None
    if codes.dtype == bool:
        codes = codes.astype(np.int64)
    if codes.ndim == 3:
        raise UserError(
            f"codes have shape {list(codes.shape)}, a sequence of codes per sample: score one step "
            "of it, or the mean over steps, as [samples, num_latents]."
        )
    if codes.ndim != 2 or not codes.size:
        raise UserError(
            f"codes must be [samples, num_latents]; received the shape {list(codes.shape)}."
        )
    if not np.issubdtype(codes.dtype, np.number) or np.iscomplexobj(codes):
        raise UserError(f"codes must be finite numbers; their type is {codes.dtype}.")
    if not np.isfinite(codes).all():
        raise UserError("codes must be finite numbers; they hold NaN or infinity.")
    largest = float(np.max(np.abs(codes.astype(np.float64))))
    if largest > _LARGEST:
        raise UserError(
            f"codes reach {largest:.3g}, and the squares of numbers beyond {_LARGEST:.0e} overflow "
            "in a score: divide the codes by their scale."
        )
    return codes


def checked_factors(
    factors: Any, continuous: Continuous = None
) -> tuple[np.ndarray, tuple[bool, ...]]:
    """Factors as numbers, `[samples, num_factors]`, and for each whether it is continuous.

    Integers stay as they are. Other labels are numbered in sorted order.

    Args:
        factors: `[samples, num_factors]`, of any type; a table of mixed types too.
        continuous: which factors are quantities, one for all or one each; None: a factor is where
            `seems_continuous` says so.

    Returns:
        integers; float64 where a factor is continuous.

    Raises:
        UserError: the shape is another, or values are missing.
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or not factors.size:
        raise UserError(
            f"factors must be [samples, num_factors]; received the shape {list(factors.shape)}."
        )
    num_factors = factors.shape[1]
    declared = [continuous] * num_factors if isinstance(continuous, bool) else continuous
    if declared is not None and len(declared) != num_factors:
        raise UserError(
            f"continuous must say of each of {num_factors} factors whether it is; received "
            f"{len(declared)}."
        )
    if np.issubdtype(factors.dtype, np.integer) and not any(declared or ()):
        return factors, (False,) * num_factors
    columns, kinds = [], []
    for i, column in enumerate(factors.T):
        column = _numbers(column)
        _refuse_missing(i, column)
        kinds.append(seems_continuous(column) if declared is None else bool(declared[i]))
        if not kinds[i]:
            column = np.unique(column, return_inverse=True)[1]
        elif not np.issubdtype(column.dtype, np.number):
            raise FactorError(i, "is declared continuous, and its values are not numbers.")
        columns.append(column)
    return np.stack(columns, axis=-1).astype(np.float64 if any(kinds) else np.int64), tuple(kinds)


def seems_continuous(column: np.ndarray) -> bool:
    """Whether a factor is a quantity: fractions, a tenth of the samples or more of them different.

    Args:
        column: the factor's values, `[samples]`.
    """
    if not np.issubdtype(column.dtype, np.floating) or (column == np.round(column)).all():
        return False
    return _POINTS_PER_VALUE * len(np.unique(column)) > len(column)


def checked(
    codes: Any, factors: Any, continuous: Continuous = None
) -> tuple[np.ndarray, np.ndarray, tuple[bool, ...]]:
    """Codes and factors that can be scored; see `checked_codes` and `checked_factors`.

    Raises:
        UserError: also where there are fewer than four samples, or a factor never varies.
    """
    refuse_misshapen(codes, factors)
    codes = checked_codes(codes)
    factors, kinds = checked_factors(factors, continuous)
    for i, column in enumerate(factors.T):
        if (column == column[0]).all():
            raise FactorError(
                i,
                f"has a single value in {len(column)} samples, and so cannot be "
                "scored: use more samples, or leave the factor out.",
            )
    require_samples(codes)
    return codes, factors, kinds


def checked_points(
    codes: Any,
    factors: Any,
    test_codes: Any = None,
    test_factors: Any = None,
    continuous: Continuous = None,
    random_state: int | np.random.RandomState | None = 0,
) -> tuple[Points, tuple[bool, ...]]:
    """Codes and factors to train and to test on, checked.

    Args:
        codes: to train on, `[samples, num_latents]`.
        factors: to train on, `[samples, num_factors]`.
        test_codes: to test on; without them a third of the samples is held out.
        test_factors: to test on.
        continuous: see `checked_factors`.
        random_state: decides which third.

    Returns:
        the points, and for each factor whether it is continuous.

    Raises:
        UserError: see `checked`.
    """
    if (test_codes is None) != (test_factors is None):
        raise UserError("test_codes and test_factors go together; one of them is missing.")
    if test_codes is None:
        codes, factors, kinds = checked(codes, factors, continuous)
        order = as_random_state(random_state).permutation(len(codes))
        test, train = np.split(order, [len(order) // 3])
        codes, factors, test_codes, test_factors = (
            codes[train],
            factors[train],
            codes[test],
            factors[test],
        )
        checked(codes, factors, kinds)
        return Points(codes, factors, test_codes, test_factors), kinds
    # Together, so that a label has one number in both.
    num_train = len(codes)
    factors, kinds = checked_factors(_joined(factors, test_factors), continuous)
    train_factors, test_factors = factors[:num_train], factors[num_train:]
    # Not its factors: it would number the labels again, by those of the training alone.
    codes, _, _ = checked(codes, train_factors, kinds)
    refuse_misshapen(test_codes, test_factors)
    test_codes = checked_codes(test_codes)
    if test_codes.shape[1] != codes.shape[1]:
        raise UserError(
            f"codes have {codes.shape[1]} latents, and test_codes {test_codes.shape[1]}."
        )
    return Points(codes, train_factors, test_codes, test_factors), kinds


def as_random_state(seed: int | np.random.RandomState | None) -> np.random.RandomState:
    """A random state from a seed; one that is a state already stays as it is."""
    return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed)


def require_samples(codes: np.ndarray) -> None:
    """Raises a UserError where there are so few samples that any score is chance."""
    if len(codes) < FEWEST_SAMPLES:
        raise UserError(
            f"{len(codes)} samples are too few for a score to mean anything: {FEWEST_SAMPLES} are "
            "the least, and some hundreds give a number to rely on."
        )


def require_two_latents(codes: np.ndarray) -> None:
    """Raises a UserError where there are fewer than two latents to compare."""
    if codes.shape[1] < 2:
        raise UserError("This score compares the two best latents, and there is only one.")


def require_labels(continuous: Sequence[bool], score: str) -> None:
    """Raises a UserError where a factor is continuous, which this score has no formula for."""
    if any(continuous):
        raise FactorError(
            list(continuous).index(True),
            f"is continuous, and {score} is a score of labels: put its values into bins first.",
        )


def refuse_misshapen(codes: Any, factors: Any) -> None:
    """Raises a UserError where codes and factors are not two tables with a row per sample."""
    shapes = np.shape(codes), np.shape(factors)
    tables = [len(shape) for shape in shapes] == [2, 2] and shapes[0][0] == shapes[1][0]
    if len(shapes[0]) != 3 and not tables:
        raise UserError(
            "codes must be [samples, num_latents] and factors [samples, num_factors], of as many "
            f"points; received shapes {list(shapes[0])} and {list(shapes[1])}."
        )


def _joined(first: Any, second: Any) -> np.ndarray:
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise UserError(
            "factors and test_factors must be [samples, num_factors] of the same factors; received "
            f"the shapes {list(first.shape)} and {list(second.shape)}."
        )
    return np.concatenate([first, second])


def _numbers(column: np.ndarray) -> np.ndarray:
    """A column of a table of mixed types as numbers where it is that, and otherwise as texts."""
    if column.dtype != object:
        return column
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        missing = [_is_missing(value) for value in column]
        texts = np.array([str(value) for value in column])
        return np.where(missing, "nan", texts) if any(missing) else texts


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # pandas' NA, of which nothing is true or false
        return True


def _refuse_missing(factor: int, column: np.ndarray) -> None:
    if np.issubdtype(column.dtype, np.floating):
        missing = int(np.sum(~np.isfinite(column)))
    else:
        missing = int(np.sum(column == "nan")) if column.dtype.kind == "U" else 0
    if missing:
        raise FactorError(
            factor,
            f"misses values (NaN, None or infinity) in {missing} of {len(column)} samples: factors "
            "must be labels or finite numbers; leave those samples out.",
        )
