"""Codes of groups of points that share a factor's value, checked."""

from typing import Any, NamedTuple

import numpy as np

from tfdis.errors import UserError
from tfdis.metrics.arrays import as_random_state, checked_codes, require_samples


class Groups(NamedTuple):
    """Groups of codes and the number of the factor that each shares, to train and to test on."""

    groups: np.ndarray
    fixed: np.ndarray
    test_groups: np.ndarray
    test_fixed: np.ndarray


def checked_groups(
    groups: Any,
    fixed: Any,
    test_groups: Any,
    test_fixed: Any,
    num_axes: int,
    random_state: int | np.random.RandomState | None,
) -> Groups:
    """Groups to train and to test on; without those to test on, a third is held out.

    Args:
        groups: codes, the groups along the first axis and the latents along the last.
        fixed: the number of a factor, `[groups]`.
        test_groups: as `groups`, or None.
        test_fixed: as `fixed`, or None.
        num_axes: how many axes groups must have.
        random_state: decides which third.

    Raises:
        UserError: the shapes are others, codes are not finite, or there are too few groups.
    """
    groups, fixed = _checked(groups, fixed, num_axes)
    require_samples(groups)
    if (test_groups is None) != (test_fixed is None):
        raise UserError("The groups to test on need the number of the factor that they share.")
    if test_groups is None:
        order = as_random_state(random_state).permutation(len(groups))
        test, train = np.split(order, [len(order) // 3])
        return Groups(groups[train], fixed[train], groups[test], fixed[test])
    return Groups(groups, fixed, *_checked(test_groups, test_fixed, num_axes))


def _checked(groups: Any, fixed: Any, num_axes: int) -> tuple[np.ndarray, np.ndarray]:
    groups, fixed = np.asarray(groups), np.asarray(fixed)
    shape = "[groups, 2, size, num_latents]" if num_axes == 4 else "[groups, size, num_latents]"
    is_pairs = num_axes != 4 or (groups.ndim == 4 and groups.shape[1] == 2)
    if groups.ndim != num_axes or not is_pairs or fixed.shape != groups.shape[:1]:
        raise UserError(
            f"Codes of groups must be {shape}, and the numbers of the factors that they share "
            f"[groups]; received shapes {list(groups.shape)} and {list(fixed.shape)}."
        )
    if not np.issubdtype(fixed.dtype, np.integer) or fixed.min() < 0:
        raise UserError("The factor that a group shares is said by its number, 0 or more.")
    checked_codes(groups.reshape(-1, groups.shape[-1]))
    return groups, fixed
