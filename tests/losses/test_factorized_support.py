import itertools

import numpy as np
import tensorflow as tf

from tfdis.losses.factorized_support import hausdorff_distance


def brute_force(z):
    total = 0.0
    for i, j in itertools.combinations(range(z.shape[1]), 2):
        total += max(
            min((a - code[i]) ** 2 + (b - code[j]) ** 2 for code in z)
            for a in z[:, i]
            for b in z[:, j]
        )
    return total


def test_equals_the_definition_pair_by_pair():
    z = np.random.RandomState(0).normal(size=(12, 4)).astype(np.float32)
    np.testing.assert_allclose(hausdorff_distance(tf.constant(z)), brute_force(z), rtol=1e-5)


def test_is_zero_on_a_grid_and_the_missing_corner_elsewhere():
    grid = np.array(list(itertools.product([0.0, 1.0], [0.0, 3.0], [0.0, 1.0])), np.float32)
    assert float(hausdorff_distance(tf.constant(grid))) == 0.0
    corner_missing = tf.constant([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert float(hausdorff_distance(corner_missing)) == 1.0
