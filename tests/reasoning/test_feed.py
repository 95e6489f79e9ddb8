import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.feeding import IndependentDraw
from tfdis.data.rooms import Rooms
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.reasoning.feed import NUM_CONTEXT, NUM_PANELS, MatrixFeed
from tfdis.reasoning.matrices import MatrixRules
from tfdis.reasoning.panels import Panels


@pytest.fixture(scope="module")
def batch():
    """Eight matrices of rooms: the panels, the feed, and its images, values and marks."""
    panels = Panels(Rooms(), (10, 10, 10, 4, 4, 4))
    feed = MatrixFeed(panels, MatrixRules(panels.num_values, "hard", (0, 1, 0)))

    @tf.function
    def drawn():
        inputs = feed.batch((), tf.constant(0), step_key(0, 3), 8 * NUM_PANELS)
        assert inputs.group_size == NUM_PANELS
        return inputs.images, inputs.factors, inputs.labels

    return panels, feed, [np.asarray(part) for part in drawn()]


def test_panels_are_images_of_their_values(batch):
    panels, _, (images, values, _) = batch
    np.testing.assert_allclose(images, panels.images(values, None), atol=1e-6)


def test_one_answer_of_each_matrix_is_marked_and_completes_it(batch):
    _, feed, (_, values, marks) = batch
    marks = marks.reshape(8, NUM_PANELS)
    assert np.all(marks[:, :NUM_CONTEXT] == 0)
    np.testing.assert_array_equal(marks.sum(axis=1), 1)
    right = values.reshape(8, NUM_PANELS, 6)[np.arange(8), marks.argmax(axis=1)]
    matrices = feed.draw.matrices(step_key(0, 3), 8 * NUM_PANELS)
    np.testing.assert_array_equal(right, np.asarray(matrices.panels)[:, -1, -1])


def test_no_other_draw_gives_matrices(batch):
    _, feed, _ = batch
    with pytest.raises(UserError, match="drawn by the rules of pgm, not by IndependentDraw"):
        feed.drawing(IndependentDraw(10))
