import numpy as np
import pytest
from PIL import Image

from tfdis.data.sprites import Sprites
from tfdis.keys import step_key
from tfdis.reasoning import picture
from tfdis.reasoning.feed import NUM_PANELS, MatrixDraw
from tfdis.reasoning.matrices import MatrixRules
from tfdis.reasoning.panels import Panels
from tfdis.visualize.sheet import Sheet, as_bytes


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Two matrices: their values, `[2, 14, factors]`, the right answers, the image, the sheet."""
    made = []
    monkeypatch.setattr(picture, "Sheet", lambda *a, **k: made.append(Sheet(*a, **k)) or made[-1])
    panels = Panels(Sprites(), (3, 3, 3, 4, 4))
    rules = MatrixRules(panels.num_values, "hard", (0, 1, 0))
    picture.draw_matrices(tmp_path / "m.png", panels, rules, 2, seed=4)
    draw, key = MatrixDraw(panels, rules), step_key(4, 0)
    values = np.asarray(draw.values(key, 2 * NUM_PANELS)).reshape(2, NUM_PANELS, -1)
    right = np.asarray(draw.matrices(key, 2 * NUM_PANELS).position)
    return panels, values, right, Image.open(tmp_path / "m.png"), made[-1]


def test_cells_are_the_panels_and_the_right_answer_is_framed(drawn):
    panels, values, right, image, sheet = drawn
    pixels = np.asarray(image).astype(int)

    def cell(row, column):
        small = image.crop(sheet.cell_box(row, column)).resize((64, 64), Image.NEAREST)
        return np.asarray(small)[..., 0]

    for matrix in range(2):
        images = as_bytes(panels.images(values[matrix], None))[..., 0]
        for place in range(8):
            row, column = divmod(place, 3)
            np.testing.assert_array_equal(cell(3 * matrix + row, column), images[place])
        assert (cell(3 * matrix + 2, 2) == 235).all()  # the missing panel is grey
        for answer in range(6):
            row, column = 3 * matrix + answer // 2, 4 + answer % 2
            np.testing.assert_array_equal(cell(row, column), images[8 + answer])
            left, top, right_edge, bottom = sheet.cell_box(row, column)
            # On the side where there is no other answer, whose frame it could be.
            beside = pixels[(top + bottom) // 2, left - 1 if answer % 2 == 0 else right_edge]
            assert (beside[0] - beside[2] > 150) == (answer == right[matrix])
