"""The predictions of boosted trees."""

from numba import njit

from tfdis.kernels.trees import LEARNING_RATE, NUM_INNER


@njit(cache=True, nogil=True, error_model="numpy")
def add_predictions(x, stages, start, end, raw):
    """Adds all stages' predictions to raw `[samples, trees]` for the samples in [start, end).

    Args:
        x: float32 `[samples, features]`.
        stages: split features, thresholds and leaves' values, each `[stages, trees, nodes]`.
        start: the first sample.
        end: where the samples end.
        raw: added to.
    """
    split_features, thresholds, leaf_values = stages
    for i in range(start, end):
        for stage in range(len(split_features)):
            for k in range(raw.shape[1]):
                node = 0
                while node < NUM_INNER and split_features[stage, k, node] >= 0:
                    goes_left = x[i, split_features[stage, k, node]] <= thresholds[stage, k, node]
                    node = 2 * node + (1 if goes_left else 2)
                raw[i, k] += LEARNING_RATE * leaf_values[stage, k, node]
