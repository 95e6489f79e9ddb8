import numpy as np
import pytest
from PIL import Image

from tfdis.visualize import samples
from tfdis.visualize.draw import draw_all
from tfdis.visualize.sheet import Sheet, as_bytes

_NAMES = ("square", "ellipse", "heart")


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Draws into a file, and gives the images in the sheet's cells: `[rows, columns, 16, 16]`."""
    made = []
    monkeypatch.setattr(samples, "Sheet", lambda *a, **k: made.append(Sheet(*a, **k)) or made[-1])

    def draw(function, *arguments, shape):
        function(tmp_path / "samples.png", *arguments)
        image = Image.open(tmp_path / "samples.png")
        small = [
            image.crop(made[-1].cell_box(*place)).resize((16, 16), Image.NEAREST)
            for place in np.ndindex(*shape)
        ]
        return np.stack([np.asarray(cell)[..., 0] for cell in small]).reshape(*shape, 16, 16)

    return draw


def test_fifty_images_are_decoded_draws_from_the_prior(drawn, fake_model):
    model = fake_model()
    cells = drawn(samples.draw_samples, lambda num, labels: model.sample(num), shape=(5, 10))
    expected = model.decode(np.random.default_rng(0).normal(size=(50, 10)))
    np.testing.assert_array_equal(cells.reshape(50, 16, 16), as_bytes(expected)[..., 0])


def test_each_row_is_a_class_and_each_column_a_code(drawn, conditional_fake_model):
    model = conditional_fake_model()
    own = np.eye(3)[[0, 1, 2, 0]]
    arguments = (lambda num, labels: model.sample(num, labels, seed=5), own, 0, _NAMES)
    cells = drawn(samples.draw_samples_of_classes, *arguments, shape=(3, 4))
    codes = np.random.default_rng(5).normal(size=(4, 10))
    for row, label in enumerate(np.eye(3, dtype=np.float32)):
        expected = model.decode(codes, np.tile(label, (4, 1)))
        np.testing.assert_array_equal(cells[row], as_bytes(expected)[..., 0])


def test_an_attribute_is_absent_and_present_and_other_labels_stay(drawn):
    seen = []

    def sample(num, labels):
        seen.append(labels)
        return np.zeros((num, 16, 16, 1))

    own = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    drawn(samples.draw_samples_of_classes, sample, own, 2, ("smiling",), shape=(2, 2))
    np.testing.assert_array_equal(seen[0], [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(seen[1], [[0, 1, 1], [1, 0, 1]])


def test_a_model_without_a_prior_has_no_samples(tmp_path, fake_model, fake_data):
    model = fake_model()
    model.has_prior = False
    assert draw_all(model, fake_data(), tmp_path, kinds=["samples"], num_images=20).paths == []
