import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.sprites import Sprites
from tfdis.keys import step_key


@pytest.fixture(scope="module")
def data():
    return Sprites()


def _drawn_plainly(factors):
    """One sprite from its definition, pixel by pixel, centred on its place without a shift."""
    shape, size, turn, x, y = factors
    scale, theta = np.linspace(0.5, 1, 6)[size], 2 * np.pi * turn / 40
    image = np.zeros((64, 64), np.uint8)
    offsets = (np.arange(4) + 0.5) / 4
    for row in range(64):
        for column in range(64):
            dx, dy = np.meshgrid(column + offsets - (32 + x - 16), row + offsets - (32 + y - 16))
            along = np.cos(theta) * dx + np.sin(theta) * dy
            across = -np.sin(theta) * dx + np.cos(theta) * dy
            if shape == 0:
                inside = (abs(along) <= 9.75 * scale) & (abs(across) <= 9.75 * scale)
            elif shape == 1:
                inside = (along / (13 * scale)) ** 2 + (across / (6.5 * scale)) ** 2 <= 1
            else:
                u, v = 1.25 * along / (13 * scale), -1.25 * across / (13 * scale) + 0.2
                inside = (u**2 + v**2 - 0.6) ** 3 - u**2 * v**3 <= 0
            image[row, column] = 255 * (inside.sum() >= 8)
    return image


@pytest.mark.parametrize(
    "factors",
    [(0, 0, 0, 0, 0), (0, 5, 7, 31, 3), (1, 2, 13, 8, 31), (2, 3, 0, 20, 9), (2, 5, 27, 0, 31)],
)
def test_an_image_is_its_definition(data, factors):
    image = data.images(data.index_of(np.array([factors]), None))[0, ..., 0]
    # A sample that lies on the outline may round either way.
    assert np.sum(image != _drawn_plainly(factors)) <= 2


def test_images_are_binary_and_nothing_leaves_the_frame(data):
    corners = np.array([(shape, 5, turn, x, y) for shape in range(3) for turn in range(40)
                        for x in (0, 31) for y in (0, 31)])  # fmt: skip
    images = data.images(data.index_of(corners, None))
    assert set(np.unique(images)) == {0, 255}
    centred = corners.copy()
    centred[:, 3:] = 16
    whole = data.images(data.index_of(centred, None))
    np.testing.assert_array_equal(images.sum(axis=(1, 2, 3)), whole.sum(axis=(1, 2, 3)))


def test_positions_shift_by_whole_pixels(data):
    base = np.array([[2, 4, 5, 16, 16], [2, 4, 5, 19, 16], [2, 4, 5, 16, 12]])
    centre, right, up = data.images(data.index_of(base, None))
    np.testing.assert_array_equal(np.roll(centre, 3, axis=1), right)
    np.testing.assert_array_equal(np.roll(centre, -4, axis=0), up)


def test_indices_and_factors_correspond(data):
    assert data.num_images == 3 * 6 * 40 * 32 * 32
    indices = np.random.RandomState(0).randint(data.num_images, size=100)
    np.testing.assert_array_equal(data.index_of(data.factors(indices), None), indices)
    assert data.factors(np.array([1])).tolist() == [[0, 0, 0, 0, 1]]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_graph_draws_exactly_the_same_images(data, jit_compile):
    feed = data.feed()

    @tf.function(jit_compile=jit_compile)
    def step(i):
        inputs = feed.batch((), 0, step_key(9, i), 256)
        return inputs.images, inputs.factors

    for i in range(4):
        images, factors = step(tf.constant(i))
        indices = feed.draw(step_key(9, i), 256).numpy()
        np.testing.assert_array_equal(255 * images, data.images(indices))
        np.testing.assert_array_equal(factors, data.factors(indices))
