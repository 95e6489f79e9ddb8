"""A stage of gradient boosting: regression trees of depth 3, on samples that stay sorted.

A tree is stored as a heap of 15 nodes: the children of node i are 2i + 1 and 2i + 2. Every sum adds
up in scikit-learn's order, and features are drawn by its random numbers: where no two samples share
a feature's value, the trees are equal to the last bit.
"""

import numpy as np
from numba import njit

DEPTH = 3
LEARNING_RATE = 0.1
NUM_INNER = 2**DEPTH - 1
NUM_NODES = 2 ** (DEPTH + 1) - 1
_EPSILON = np.finfo(np.float64).eps
# scikit-learn takes two values of a feature that differ by less for the same value.
_SAME_VALUE = np.float32(1e-7)
# How far the quick estimate of a split's gain may be off, relative; rounding costs a few 1e-16.
_SLACK = 1.0 - 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def _is_constant(order, values, start, end):
    """Whether a feature has one value only among `order[start:end]`, sorted by it."""
    return values[order[end - 1]] <= values[order[start]] + _SAME_VALUE


@njit(cache=True, nogil=True, error_model="numpy")
def _best_position(order, values, targets, inverses, start, end, total, best):
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


@njit(cache=True, nogil=True, error_model="numpy")
def _partition(order, is_left, start, middle, end, out):
    """Writes order[start:end] to `out`, left samples at start, right ones at middle, order kept."""
    left = start
    right = middle
    for p in range(start, end):
        sample = order[p]
        goes_left = np.int64(is_left[sample])
        out[left if goes_left else right] = sample
        left += goes_left
        right += 1 - goes_left


@njit(cache=True, nogil=True, error_model="numpy")
def _partition_in_place(samples, is_left, start, end):
    """Swaps samples[start:end] as scikit-learn does, so that sums add up in its order."""
    while start < end:
        sample = samples[start]
        if is_left[sample]:
            start += 1
        else:
            end -= 1
            samples[start] = samples[end]
            samples[end] = sample


@njit(cache=True, nogil=True, error_model="numpy")
def _sums(samples, targets, start, end):
    """The sum of the targets and of their squares over samples[start:end]."""
    total = 0.0
    squares = 0.0
    for p in range(start, end):
        target = targets[samples[p]]
        total += target
        squares += target * target
    return total, squares


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_of_left(samples, targets, start, middle, end, total):
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


@njit(cache=True, nogil=True, error_model="numpy")
def _pairwise_sum(values, start, end):
    """The sum of values[start:end] by the same additions, in the same order, as numpy's."""
    n = end - start
    if n < 8:
        total = 0.0
        for i in range(start, end):
            total += values[i]
        return total
    if n <= 128:
        parts = np.empty(8)
        for j in range(8):
            parts[j] = values[start + j]
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
    return _pairwise_sum(values, start, start + half) + _pairwise_sum(values, start + half, end)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(low, high, state):
    """scikit-learn's random integer in [low, high), from a 32-bit xorshift."""
    seed = state[0]
    if seed == 0:
        seed = np.uint32(1)
    seed ^= np.uint32(seed << np.uint32(13))
    seed ^= np.uint32(seed >> np.uint32(17))
    seed ^= np.uint32(seed << np.uint32(5))
    state[0] = seed
    return low + np.int64(seed & np.uint32(0x7FFFFFFF)) % (high - low)


@njit(cache=True, nogil=True, error_model="numpy")
def _best_split(orders, values, targets, inverses, start, end, total, features, constants, state):
    """The best split of a node over all features, visited in a random order.

    Args:
        orders: the node's samples sorted by each feature, `[features, samples]`, at [start, end).
        values: as in `grow_trees`.
        targets: as in `_grow`.
        inverses: as in `grow_trees`.
        start: where the node begins.
        end: where the node ends.
        total: the sum of the node's targets.
        features: a permutation of the features; the first `constants[0]` are constant here.
        constants: `[1 + features]`: how many features the node's ancestors found constant, and
            which; the node adds those that it finds.
        state: the state of the random numbers, uint32 `[1]`.

    Returns:
        The feature (-1: none splits the node), the position, and the feature visited last.
    """
    known = constants[0]
    found = 0
    drawn_constants = 0
    unvisited = len(features)
    best = -np.inf
    feature = -1
    position = end
    last = -1
    while unvisited > known + found:
        j = _draw(drawn_constants, unvisited - found, state)
        if j < known:
            features[drawn_constants], features[j] = features[j], features[drawn_constants]
            drawn_constants += 1
            continue
        j += found
        last = features[j]
        if _is_constant(orders[last], values[last], start, end):
            features[j], features[known + found] = features[known + found], last
            found += 1
            continue
        unvisited -= 1
        features[unvisited], features[j] = last, features[unvisited]
        gain, p = _best_position(
            orders[last], values[last], targets, inverses, start, end, total, best
        )
        if p < end:
            best, position, feature = gain, p, last
    for j in range(known):
        features[j] = constants[1 + j]
    for j in range(known, known + found):
        constants[1 + j] = features[j]
    constants[0] = known + found
    return feature, position, last


@njit(cache=True, nogil=True, error_model="numpy")
def _children_impurities(samples, targets, start, middle, end, total, squares):
    """The variances of the targets in samples[start:middle] and samples[middle:end]."""
    left = _sum_of_left(samples, targets, start, middle, end, total)
    _, left_squares = _sums(samples, targets, start, middle)
    right = total - left
    n_left = middle - start
    n_right = end - middle
    return (
        left_squares / n_left - (left / n_left) ** 2.0,
        (squares - left_squares) / n_right - (right / n_right) ** 2.0,
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _reset(scratch, split_features, ends):
    """Makes the root the only node, with all samples."""
    samples, _, _, features, _ = scratch
    for i in range(len(samples)):
        samples[i] = i
    for i in range(len(features)):
        features[i] = i
    for node in range(NUM_INNER):
        split_features[node] = -1
    for node in range(NUM_NODES):
        ends[node, 0] = -1
    ends[0, 0] = 0
    ends[0, 1] = len(samples)


@njit(cache=True, nogil=True, error_model="numpy")
def _grow(
    orders, values, targets, inverses, seed, scratch, split_features, thresholds, ends, gains
):
    """Grows one regression tree on `targets`.

    Args:
        orders: as in `grow_trees`.
        values: as in `grow_trees`.
        targets: a tree's row of the gradients, `[samples]`.
        inverses: as in `grow_trees`.
        seed: of the random order of the features, uint32.
        scratch: the first half of `make_memory`; scratch[0] is left holding each node's samples.
        split_features: `[NUM_INNER]`; written, -1 where a node is not split.
        thresholds: `[NUM_INNER]`; written. A sample goes left where its value is not above.
        ends: `[NUM_NODES, 2]`; written: node i has the samples scratch[0][ends[i, 0] : ends[i, 1]].
        gains: what each feature reduced the squared error by, `[features]`; added to.
    """
    samples, sorted_samples, is_left, features, constants = scratch
    num_samples = len(samples)
    _reset(scratch, split_features, ends)
    impurities = np.empty(NUM_NODES)
    num_constants = np.zeros(NUM_NODES, np.int64)
    state = np.empty(1, np.uint32)
    state[0] = seed
    pending = np.zeros(NUM_NODES, np.int64)
    num_pending = 1
    while num_pending > 0:
        num_pending -= 1
        node = pending[num_pending]
        start = ends[node, 0]
        end = ends[node, 1]
        n = end - start
        total, squares = _sums(samples, targets, start, end)
        if node == 0:
            impurities[0] = squares / n - (total / n) ** 2.0
        if n < 2 or impurities[node] <= _EPSILON:
            continue

        depth = 0 if node == 0 else (1 if node < 3 else 2)
        node_orders = orders if depth == 0 else sorted_samples[depth - 1]
        constants[0] = num_constants[node]
        feature, middle, last = _best_split(
            node_orders, values, targets, inverses, start, end, total, features, constants, state
        )
        if feature < 0:
            continue
        order = node_orders[feature]
        for p in range(start, end):
            is_left[order[p]] = p < middle
            samples[p] = node_orders[last, p]
        _partition_in_place(samples, is_left, start, end)
        impurity_left, impurity_right = _children_impurities(
            samples, targets, start, middle, end, total, squares
        )
        n_left = middle - start
        n_right = end - middle
        reduction = impurities[node] - (n_right / n * impurity_right) - (n_left / n * impurity_left)
        if n / num_samples * reduction + _EPSILON < 0.0:
            continue

        split_features[node] = feature
        # The mean of the two float32 values, taken in float64.
        thresholds[node] = (
            values[feature, order[middle - 1]] / 2.0 + values[feature, order[middle]] / 2.0
        )
        gains[feature] += (
            n * impurities[node] - n_left * impurity_left - n_right * impurity_right
        ) / num_samples
        left_child = 2 * node + 1
        right_child = 2 * node + 2
        impurities[left_child] = impurity_left
        impurities[right_child] = impurity_right
        ends[left_child, 0] = start
        ends[left_child, 1] = middle
        ends[right_child, 0] = middle
        ends[right_child, 1] = end
        if depth + 1 < DEPTH:
            num_constants[left_child] = constants[0]
            num_constants[right_child] = constants[0]
            for f in range(len(values)):
                _partition(node_orders[f], is_left, start, middle, end, sorted_samples[depth, f])
            pending[num_pending] = right_child
            pending[num_pending + 1] = left_child
            num_pending += 2


@njit(cache=True, nogil=True, error_model="numpy")
def _is_leaf(node, split_features, ends):
    return ends[node, 0] >= 0 and (node >= NUM_INNER or split_features[node] < 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _set_leaves(labels, label, targets, scale, samples, buffers, split_features, ends, values, raw):
    """Gives each leaf the value of one Newton step, and adds it to its samples' raw predictions.

    The step is scale * mean(g) / mean(p (1 - p)), with g = y - p the negative gradient.
    """
    leaf_of, gathered, hessians, next_position = buffers
    for node in range(NUM_NODES):
        next_position[node] = ends[node, 0]
        if _is_leaf(node, split_features, ends):
            for p in range(ends[node, 0], ends[node, 1]):
                leaf_of[samples[p]] = node
    for i in range(len(targets)):
        p = next_position[leaf_of[i]]
        next_position[leaf_of[i]] += 1
        y = 1.0 if labels[i] == label else 0.0
        probability = y - targets[i]
        gathered[p] = targets[i]
        hessians[p] = probability * (1 - probability)
    for node in range(NUM_NODES):
        values[node] = 0.0
        if _is_leaf(node, split_features, ends):
            start = ends[node, 0]
            end = ends[node, 1]
            numerator = _pairwise_sum(gathered, start, end) / (end - start) * scale
            denominator = _pairwise_sum(hessians, start, end) / (end - start)
            if abs(denominator) >= 1e-150:
                values[node] = numerator / denominator
    for i in range(len(raw)):
        raw[i] += LEARNING_RATE * values[leaf_of[i]]


@njit(cache=True, nogil=True, error_model="numpy")
def grow_trees(
    labels, orders, values, inverses, gradients, raw, seeds, first, step, memory, stage, gains
):
    """Grows the trees number first, first + step, ... of one stage and updates `raw`.

    Args:
        labels: int64 `[samples]`, 0 to classes - 1.
        orders: the samples sorted by each feature, uint32 `[features, samples]`.
        values: float32 `[features, samples]`.
        inverses: 1 / n for each n, float64 `[samples + 1]`.
        gradients: negative gradients, float64 `[trees, samples]`.
        raw: raw predictions, float64 `[trees, samples]`; updated.
        seeds: `[trees]`.
        first: the first tree to grow.
        step: how many trees to go on by.
        memory: from `make_memory`; one per thread.
        stage: split features, thresholds and leaves' values, each `[trees, nodes]`; written.
        gains: what each feature reduced the squared error by, `[trees, features]`; added to.
    """
    split_features, thresholds, leaf_values = stage
    scratch, buffers = memory
    ends = np.empty((NUM_NODES, 2), np.int64)
    num_trees = len(raw)
    # One tree serves two classes: it follows the second one's label, and takes the whole step.
    scale = (num_trees - 1) / num_trees if num_trees > 1 else 1.0
    for k in range(first, num_trees, step):
        _grow(
            orders,
            values,
            gradients[k],
            inverses,
            seeds[k],
            scratch,
            split_features[k],
            thresholds[k],
            ends,
            gains[k],
        )
        _set_leaves(
            labels,
            k if num_trees > 1 else 1,
            gradients[k],
            scale,
            scratch[0],
            buffers,
            split_features[k],
            ends,
            leaf_values[k],
            raw[k],
        )


def make_memory(orders):
    """The memory that one thread works in, for `orders` `[features, samples]`."""
    num_features, num_samples = orders.shape
    scratch = (
        np.empty(num_samples, np.uint32),  # the samples, node by node
        np.empty((DEPTH - 1, num_features, num_samples), np.uint32),  # by depth, sorted by feature
        np.empty(num_samples, np.uint8),  # whether a sample goes left
        np.empty(num_features, np.int64),  # the features in their random order
        np.zeros(num_features + 1, np.int64),  # how many of them are constant, and which
    )
    buffers = (
        np.empty(num_samples, np.int64),  # each sample's leaf
        np.empty(num_samples),  # gradients, leaf by leaf
        np.empty(num_samples),  # hessians, leaf by leaf
        np.empty(NUM_NODES, np.int64),  # where each leaf's next sample goes
    )
    return scratch, buffers
