"""The negative gradients of the log loss, added up in scikit-learn's order."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def binomial_gradients(labels, raw, start, end, gradients):
    """Writes label - probability, both `[1, samples]`, for samples in [start, end)."""
    for i in range(start, end):
        y = 1.0 if labels[i] == 1 else 0.0
        if raw[0, i] > -37:
            e = np.exp(-raw[0, i])
            gradients[0, i] = -(((1 - y) - y * e) / (1 + e))
        else:
            gradients[0, i] = -(np.exp(raw[0, i]) - y)


@njit(cache=True, nogil=True, error_model="numpy")
def multinomial_gradients(labels, raw, start, end, gradients):
    """Writes [label is k] - softmax(raw)_k, `[classes, samples]`, for samples in [start, end)."""
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
