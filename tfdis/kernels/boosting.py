"""One stage of gradient boosting: gradients of the log loss, a tree per class, its leaves' values.

A tree of depth 3 is stored as a heap of 15 nodes: the children of node i are 2i + 1 and 2i + 2.
Every sum adds up in scikit-learn's order, and features are drawn by its random numbers: where
no two samples share a feature's value, the trees are equal to the last bit.
"""

import numpy as np
from numba import njit

from tfdis.kernels import splits

DEPTH = 3
LEARNING_RATE = 0.1
NUM_INNER = 2**DEPTH - 1
NUM_NODES = 2 ** (DEPTH + 1) - 1
_EPSILON = np.finfo(np.float64).eps


@njit(cache=True, nogil=True)
def binomial_gradients(labels, raw, start, end, gradients):
    """Writes label - probability, both `[1, samples]`, for the samples in [start, end)."""
    for i in range(start, end):
        y = 1.0 if labels[i] == 1 else 0.0
        if raw[0, i] > -37:
            e = np.exp(-raw[0, i])
            gradients[0, i] = -(((1 - y) - y * e) / (1 + e))
        else:
            gradients[0, i] = -(np.exp(raw[0, i]) - y)


@njit(cache=True, nogil=True)
def multinomial_gradients(labels, raw, start, end, gradients):
    """Writes [label is k] - softmax(raw)_k, `[classes, samples]`, for the samples in [start, end)."""
    largest = raw[0, start:end].copy()
    for k in range(1, len(raw)):
        for i in range(start, end):
            largest[i - start] = max(largest[i - start], raw[k, i])
    totals = np.zeros(end - start)
    for k in range(len(raw)):
        for i in range(start, end):
            e = np.exp(raw[k, i] - largest[i - start])
            gradients[k, i] = e
            totals[i - start] += e
    for k in range(len(raw)):
        for i in range(start, end):
            y = 1.0 if labels[i] == k else 0.0
            gradients[k, i] = y - gradients[k, i] / totals[i - start]


@njit(cache=True, nogil=True)
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


@njit(cache=True, nogil=True)
def _best_split(orders, values, targets, inverses, start, end, total, features, constants, state):
    """The best split of a node over all features, visited in a random order.

    Args:
        orders: the node's samples sorted by each feature, `[features, samples]`, at [start, end).
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
        if splits.is_constant(orders[last], values[last], start, end):
            features[j], features[known + found] = features[known + found], last
            found += 1
            continue
        unvisited -= 1
        features[unvisited], features[j] = last, features[unvisited]
        gain, p = splits.best_position(
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


@njit(cache=True, nogil=True)
def _grow(orders, values, targets, inverses, seed, scratch, split_features, thresholds, ends, gains):
    """Grows one regression tree on `targets`, depth first.

    Writes the tree's split_features (-1 at a leaf) and thresholds, `[NUM_INNER]`, adds what each
    feature reduced the squared error by to `gains`, `[features]`, and leaves each node's samples
    at scratch.samples[ends[node, 0] : ends[node, 1]].

    Returns:
        Whether the tree has a split at all.
    """
    samples, sorted_samples, is_left, features, constants = scratch
    num_samples = len(samples)
    state = np.array([seed], np.uint32)
    impurities = np.empty(NUM_NODES)
    num_constants = np.zeros(NUM_NODES, np.int64)
    for i in range(num_samples):
        samples[i] = i
    for i in range(len(features)):
        features[i] = i
    split_features[:] = -1
    ends[:] = -1
    ends[0, 0] = 0
    ends[0, 1] = num_samples
    pending = np.empty(NUM_NODES, np.int64)
    pending[0] = 0
    num_pending = 1
    while num_pending > 0:
        num_pending -= 1
        node = pending[num_pending]
        start, end = ends[node]
        n = end - start
        total, squares = splits.sums(samples, targets, start, end)
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
        for p in range(start, middle):
            is_left[order[p]] = 1
        for p in range(middle, end):
            is_left[order[p]] = 0
        samples[start:end] = node_orders[last, start:end]
        splits.partition_in_place(samples, is_left, start, end)

        _, left_squares = splits.sums(samples, targets, start, middle)
        left = splits.sum_of_left(samples, targets, start, middle, end, total)
        n_left = middle - start
        n_right = end - middle
        right = total - left
        impurity_left = left_squares / n_left - (left / n_left) ** 2.0
        impurity_right = (squares - left_squares) / n_right - (right / n_right) ** 2.0
        reduction = impurities[node] - (n_right / n * impurity_right) - (n_left / n * impurity_left)
        if n / num_samples * reduction + _EPSILON < 0.0:
            continue
        split_features[node] = feature
        thresholds[node] = values[feature, order[middle - 1]] / 2.0 + values[feature, order[middle]] / 2.0
        gains[feature] += (
            n * impurities[node] - n_left * impurity_left - n_right * impurity_right
        ) / num_samples
        first = 2 * node + 1
        impurities[first] = impurity_left
        impurities[first + 1] = impurity_right
        ends[first, 0] = start
        ends[first, 1] = middle
        ends[first + 1, 0] = middle
        ends[first + 1, 1] = end
        num_constants[first : first + 2] = constants[0]
        if depth + 1 < DEPTH:
            for f in range(len(values)):
                splits.partition(
                    node_orders[f], is_left, start, middle, end, sorted_samples[depth, f]
                )
            pending[num_pending] = first + 1
            pending[num_pending + 1] = first
            num_pending += 2
    return split_features[0] >= 0


@njit(cache=True, nogil=True)
def _set_leaves(labels, k, targets, split_features, ends, samples, buffers, values, raw):
    """Gives each leaf one Newton step's value, and adds it to its samples' raw predictions."""
    leaf_of, gathered, hessians, cursor = buffers
    num_classes = len(raw)
    for node in range(NUM_NODES):
        start, end = ends[node]
        cursor[node] = start
        if start >= 0 and (node >= NUM_INNER or split_features[node] < 0):
            for p in range(start, end):
                leaf_of[samples[p]] = node
    for i in range(len(targets)):
        leaf = leaf_of[i]
        p = cursor[leaf]
        cursor[leaf] = p + 1
        y = 1.0 if labels[i] == k else 0.0
        probability = y - targets[i]
        gathered[p] = targets[i]
        hessians[p] = probability * (1 - probability)
    scale = (num_classes - 1) / num_classes if num_classes > 1 else 1.0
    values[:] = 0.0
    for node in range(NUM_NODES):
        start, end = ends[node]
        if start >= 0 and (node >= NUM_INNER or split_features[node] < 0):
            numerator = splits.pairwise_sum(gathered, start, end) / (end - start) * scale
            denominator = splits.pairwise_sum(hessians, start, end) / (end - start)
            if abs(denominator) >= 1e-150:
                values[node] = numerator / denominator
    row = raw[k if num_classes > 1 else 0]
    for i in range(len(row)):
        row[i] += LEARNING_RATE * values[leaf_of[i]]


@njit(cache=True, nogil=True)
def grow_trees(
    labels, orders, values, inverses, gradients, raw, seeds, first, step, scratch, buffers, trees, gains
):
    """Grows the trees number first, first + step, ... of one stage and updates `raw`.

    Args:
        labels: int64 `[samples]`, 0 to classes - 1.
        orders: the samples sorted by each feature, uint32 `[features, samples]`.
        values: float32 `[features, samples]`.
        inverses: 1 / n for each n, float64 `[samples + 1]`.
        gradients: negative gradients, float64 `[trees, samples]`.
        raw: raw predictions, float64 `[trees, samples]`; updated.
        seeds: uint32 `[trees]`.
        scratch: memory to work in; one per thread.
        trees: (split features, thresholds, values), `[trees, nodes]`; written.
        gains: `[trees, features]`; written. Negative in a tree without splits.
    """
    split_features, thresholds, leaf_values = trees
    ends = np.empty((NUM_NODES, 2), np.int64)
    for k in range(first, len(raw), step):
        gains[k] = 0.0
        _grow(
            orders, values, gradients[k], inverses, seeds[k], scratch,
            split_features[k], thresholds[k], ends, gains[k],
        )
        label = k if len(raw) > 1 else 1
        _set_leaves(
            labels, label, gradients[k], split_features[k], ends, scratch[0], buffers,
            leaf_values[k], raw,
        )


@njit(cache=True, nogil=True)
def add_predictions(x, trees, start, end, raw):
    """Adds all stages' predictions to raw `[samples, trees]` for the samples in [start, end).

    Args:
        x: float32 `[samples, features]`.
        trees: (split features, thresholds, values), `[stages, trees, nodes]`.
    """
    split_features, thresholds, leaf_values = trees
    for i in range(start, end):
        for stage in range(len(split_features)):
            for k in range(raw.shape[1]):
                node = 0
                while node < NUM_INNER and split_features[stage, k, node] >= 0:
                    goes_left = x[i, split_features[stage, k, node]] <= thresholds[stage, k, node]
                    node = 2 * node + (1 if goes_left else 2)
                raw[i, k] += LEARNING_RATE * leaf_values[stage, k, node]


def make_scratch(orders):
    """The memory that one thread works in."""
    num_features, num_samples = orders.shape
    scratch = (
        np.empty(num_samples, np.uint32),
        np.empty((DEPTH - 1, num_features, num_samples), np.uint32),
        np.empty(num_samples, np.uint8),
        np.empty(num_features, np.int64),
        np.zeros(num_features + 1, np.int64),
    )
    buffers = (
        np.empty(num_samples, np.int64),
        np.empty(num_samples),
        np.empty(num_samples),
        np.empty(NUM_NODES, np.int64),
    )
    return scratch, buffers
