"""The search for the best split of a regression tree's node, on samples that stay sorted."""

import numpy as np
from numba import njit

# scikit-learn takes two values of a feature that differ by less for the same value.
_SAME_VALUE = np.float32(1e-7)
# How far the quick estimate of a split's gain may be off, relative; rounding costs a few 1e-16.
_SLACK = 1.0 - 1e-12


@njit(cache=True, nogil=True)
def is_constant(order, values, start, end):
    """Whether a feature has one value only among `order[start:end]`, sorted by it."""
    return values[order[end - 1]] <= values[order[start]] + _SAME_VALUE


@njit(cache=True, nogil=True)
def best_position(order, values, targets, inverses, start, end, total, best):
    """The best split of one node along one feature, by the reduction of the squared error.

    The reduction that the split [start, p), [p, end) brings is, but for what all splits share,
    (sum of targets left)^2 / n_left + (sum of targets right)^2 / n_right.

    Args:
        order: the node's samples, sorted by the feature, at [start, end).
        values: the feature's value of each sample, float32 `[samples]`.
        targets: float64 `[samples]`.
        inverses: 1 / n for each n, float64 `[samples + 1]`.
        start: where the node begins.
        end: where the node ends.
        total: the sum of the node's targets.
        best: the gain to beat.

    Returns:
        The gain and the position p of the first split that beats all others, `best` included; the
        position is `end` where none does.
    """
    position = end
    bar = best * _SLACK if best > 0 else best
    left = 0.0
    for p in range(start + 1, end):
        left += targets[order[p - 1]]
        right = total - left
        # A division takes as long as all the rest: only what comes near the best is divided.
        estimate = left * left * inverses[p - start] + right * right * inverses[end - p]
        if estimate > bar:
            gain = left * left / (p - start) + right * right / (end - p)
            if gain > best and values[order[p]] > values[order[p - 1]] + _SAME_VALUE:
                best = gain
                bar = best * _SLACK
                position = p
    return best, position


@njit(cache=True, nogil=True)
def partition(order, is_left, start, middle, end, out):
    """Writes order[start:end] to `out`, left samples at start, right ones at middle, order kept."""
    left = start
    right = middle
    for p in range(start, end):
        sample = order[p]
        goes_left = np.int64(is_left[sample])
        out[left if goes_left else right] = sample
        left += goes_left
        right += 1 - goes_left


@njit(cache=True, nogil=True)
def partition_in_place(samples, is_left, start, end):
    """Swaps samples[start:end] as scikit-learn does, so that sums add up in its order."""
    while start < end:
        sample = samples[start]
        if is_left[sample]:
            start += 1
        else:
            end -= 1
            samples[start] = samples[end]
            samples[end] = sample


@njit(cache=True, nogil=True)
def sums(samples, targets, start, end):
    """The sum of the targets and of their squares over samples[start:end]."""
    total = 0.0
    squares = 0.0
    for p in range(start, end):
        target = targets[samples[p]]
        total += target
        squares += target * target
    return total, squares


@njit(cache=True, nogil=True)
def sum_of_left(samples, targets, start, middle, end, total):
    """The sum of the targets over samples[start:middle], from whichever side is shorter."""
    left = 0.0
    if middle - start <= end - middle:
        for p in range(start, middle):
            left += targets[samples[p]]
        return left
    left = total
    for p in range(end - 1, middle - 1, -1):
        left -= targets[samples[p]]
    return left


@njit(cache=True, nogil=True)
def pairwise_sum(values, start, end):
    """numpy's sum of values[start:end]: the same additions in the same order."""
    n = end - start
    if n < 8:
        total = 0.0
        for i in range(start, end):
            total += values[i]
        return total
    if n <= 128:
        parts = values[start : start + 8].copy()
        for i in range(start + 8, end - n % 8, 8):
            for j in range(8):
                parts[j] += values[i + j]
        total = ((parts[0] + parts[1]) + (parts[2] + parts[3])) + (
            (parts[4] + parts[5]) + (parts[6] + parts[7])
        )
        for i in range(end - n % 8, end):
            total += values[i]
        return total
    half = n // 2
    half -= half % 8
    return pairwise_sum(values, start, start + half) + pairwise_sum(values, start + half, end)
