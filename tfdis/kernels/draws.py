"""Uniform integers as `numpy.random.RandomState.randint` draws them, without a call for each array.

The legacy generator takes one 32-bit word at a time, keeps as many low bits as the largest value
needs, and takes another word where that is too large (numpy/random/src/distributions, "masked").
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _mask(size):
    """The bits that `size - 1` needs."""
    mask = np.uint32(size - 1)
    for shift in (1, 2, 4, 8, 16):
        mask |= mask >> np.uint32(shift)
    return mask


@njit(cache=True, nogil=True)
def grouped_factors(words, sizes, fixed, factors):
    """For each group, draws a factor's number, and then sets of points, factor by factor.

    Args:
        words: uint32, what the generator gives.
        sizes: the number of values of each factor, `[num_factors]`.
        fixed: is filled with the factor's number, `[num_groups]`.
        factors: is filled, `[num_groups, num_sets, points, num_factors]`.

    Returns:
        how many words were taken; -1 where there were too few.
    """
    num_groups, num_sets, num_points, num_factors = factors.shape
    masks = np.array([_mask(size) for size in sizes], np.uint32)
    taken = 0
    for group in range(num_groups):
        value = np.uint32(0)
        if num_factors > 1:
            mask = _mask(num_factors)
            while True:
                if taken == len(words):
                    return -1
                value = words[taken] & mask
                taken += 1
                if value < num_factors:
                    break
        fixed[group] = value
        for each in range(num_sets):
            for factor in range(num_factors):
                size = sizes[factor]
                mask = masks[factor]
                if size == 1:  # takes no word
                    factors[group, each, :, factor] = 0
                    continue
                for point in range(num_points):
                    while True:
                        if taken == len(words):
                            return -1
                        value = words[taken] & mask
                        taken += 1
                        if value < size:
                            break
                    factors[group, each, point, factor] = value
    return taken
