import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.named import get_named_ground_truth_data
from tfdis.data.xysquares import XYSquares
from tfdis.keys import step_key


@pytest.fixture(scope="module")
def data():
    return XYSquares()


def test_an_image_is_three_squares_at_their_places(data):
    assert data.num_images == 8**6
    factors = np.array([[0, 7, 3, 2, 5, 5], [1, 1, 1, 1, 1, 1]])
    expected = np.zeros((2, 64, 64, 3), np.uint8)
    expected[0, 56:64, 0:8, 0] = 255
    expected[0, 16:24, 24:32, 1] = 255
    expected[0, 40:48, 40:48, 2] = 255
    expected[1, 8:16, 8:16] = 255
    np.testing.assert_array_equal(data.images(data.index_of(factors, None)), expected)


def test_all_positions_of_a_square_are_equally_far_apart(data):
    rng = np.random.default_rng(0)
    for factor in range(6):
        factors = np.repeat(rng.integers(0, 8, (1, 6)), 8, axis=0)
        factors[:, factor] = np.arange(8)
        images = data.images(data.index_of(factors, None)).reshape(8, -1) > 0
        distances = np.sum(images[:, None] != images[None], axis=-1)
        np.testing.assert_array_equal(distances, 128 * (1 - np.eye(8)))


def test_the_graph_draws_exactly_the_same_images(data):
    feed, key = data.feed(), step_key(9, 1)

    @tf.function
    def batch():
        inputs = feed.batch((), 0, key, 256)
        return inputs.images, inputs.factors

    images, factors = batch()
    indices = feed.draw(key, 256).numpy()
    np.testing.assert_array_equal(255 * images, data.images(indices))
    np.testing.assert_array_equal(factors, data.factors(indices))


def test_it_is_found_by_name():
    assert isinstance(get_named_ground_truth_data("xysquares"), XYSquares)
