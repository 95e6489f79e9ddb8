import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from tfdis.visualize.animation import save_gif
from tfdis.visualize.conditions import (
    animate_condition_traversal,
    draw_condition_traversal,
    soft_labels,
    traverse_condition,
)
from tfdis.visualize.latents import summarize_latents
from tfdis.visualize.reconstructions import draw_reconstructions
from tfdis.visualize.sheet import Label, Sheet, as_bytes
from tfdis.visualize.traversals import (
    animate_traversals,
    draw_traversal,
    range_names,
    range_values,
    traverse,
)

SHAPES = [(64, 64, 1), (32, 32, 3), (24, 40, 3), (128, 128, 1)]


def cells_of(path, sheet, rows, columns, shape, frame=0, even=True):
    """The cells of a picture, shrunk back to the size of the images."""
    picture = Image.open(path)
    picture.seek(frame)
    pixels = np.asarray(picture.convert("RGB"))
    cells = np.empty((rows, columns, shape[0], shape[1], 3), np.uint8)
    for row, column in np.ndindex(rows, columns):
        left, top, right, bottom = sheet.cell_box(row, column)
        cell = pixels[top:bottom, left:right]
        scale = (bottom - top) // shape[0]
        assert cell.shape == (scale * shape[0], scale * shape[1], 3)
        shrunk = cell[::scale, ::scale]
        if even:
            assert np.array_equal(shrunk.repeat(scale, 0).repeat(scale, 1), cell)
        cells[row, column] = shrunk
    return cells


def rgb_bytes(images):
    return np.broadcast_to(as_bytes(images), (*images.shape[:-1], 3))


@pytest.fixture
def sheets(monkeypatch):
    """All sheets that were made, for where their cells are."""
    made = []
    init = Sheet.__init__

    def remember(self, *args, **kwargs):
        made.append(self)
        init(self, *args, **kwargs)

    monkeypatch.setattr(Sheet, "__init__", remember)
    return made


def test_range_holds_both_ends_and_zero():
    np.testing.assert_allclose(range_values(2.0, 0.5), np.arange(-2, 2.5, 0.5), atol=1e-12)
    assert range_values(1.0, 0.3).tolist() == pytest.approx(np.linspace(-1, 1, 9).tolist())
    assert range_names(range_values(1.0, 0.5)) == ["\u22121.0", "\u22120.5", "0.0", "0.5", "1.0"]


def test_traverse_moves_one_latent_and_nothing_else():
    code = np.array([1.0, 2.0, 3.0])
    seen = []

    def decode(codes):
        seen.append(codes)
        return np.zeros((len(codes), 2, 2, 1))

    images = traverse(decode, code, [2, 0], np.array([[7.0, 8.0], [-1.0, -2.0]]))
    assert images.shape == (2, 2, 2, 2, 1)
    assert seen[0].tolist() == [[1, 2, 7], [1, 2, 8], [-1, 2, 3], [-2, 2, 3]]


@pytest.mark.parametrize("shape", SHAPES)
def test_traversal_cells_are_the_decoders_own_output(tmp_path, sheets, fake_model, shape):
    model = fake_model(10, shape)
    random = np.random.RandomState(0)
    mean = random.randn(50, 10).astype(np.float32) * ([1] * 4 + [0] * 6)
    summary = summarize_latents(mean, np.zeros_like(mean))
    values = np.tile(range_values(1.0, 0.5), (10, 1))
    path = tmp_path / "traversal.png"
    draw_traversal(path, model.decode, mean[0], summary, values, range_names(values[0]))
    cells = cells_of(path, sheets[0], 10, 5, shape)
    codes = np.tile(mean[0], (10, 5, 1))
    for row, latent in enumerate(summary.order):
        codes[row, :, latent] = [-1, -0.5, 0, 0.5, 1]
    expected = model.decode(codes.reshape(-1, 10)).reshape(10, 5, *shape)
    assert np.array_equal(cells, rgb_bytes(expected))
    # In print a cell is half an inch and the picture not wider than a page.
    picture = Image.open(path)
    dpi = picture.info["dpi"][0]
    left, top, right, bottom = sheets[0].cell_box(0, 0)
    assert max(right - left, bottom - top) / dpi == pytest.approx(0.5, rel=0.01)
    assert dpi >= 199


def test_many_latents_are_cut_with_a_footnote(tmp_path, sheets, fake_model):
    model = fake_model(64)
    mean = np.random.RandomState(0).randn(50, 64).astype(np.float32)
    mean[:, 10:] = 0
    summary = summarize_latents(mean, np.zeros_like(mean))
    values = np.tile(range_values(1.0, 1.0), (64, 1))
    draw_traversal(
        tmp_path / "a.png", model.decode, mean[0], summary, values, range_names(values[0])
    )
    draw_traversal(
        tmp_path / "b.png", model.decode, mean[0], summary, values, range_names(values[0]), 64
    )
    assert cells_of(tmp_path / "a.png", sheets[0], 20, 3, (16, 16)).shape[0] == 20
    assert cells_of(tmp_path / "b.png", sheets[1], 64, 3, (16, 16)).shape[0] == 64


@pytest.mark.parametrize("shape", [(64, 64, 1), (32, 32, 3)])
def test_animation_runs_there_and_back_over_decoded_images(tmp_path, sheets, fake_model, shape):
    model = fake_model(10, shape)
    mean = np.random.RandomState(0).randn(50, 10).astype(np.float32) * ([1] * 4 + [0] * 6)
    summary = summarize_latents(mean, np.zeros_like(mean))
    values = np.tile(np.linspace(-2, 2, 5), (10, 1))
    path = tmp_path / "traversals.gif"
    animate_traversals(path, [model.decode] * 2, mean[:2], summary, values)
    gif = Image.open(path)
    assert gif.n_frames == 8
    assert gif.info["loop"] == 0
    for frame, value in enumerate([-2, -1, 0, 1, 2, 1, 0, -1]):
        # An enlarged cell is not even where its 256 colours are dithered.
        cells = cells_of(path, sheets[0], 2, 4, shape, frame, even=shape[2] == 1)
        for row, column in np.ndindex(2, 4):
            code = mean[row].copy()
            code[summary.order[column]] = value
            expected = rgb_bytes(model.decode(code[None])[0])
            error = np.abs(cells[row, column].astype(int) - expected)
            if shape[2] == 1:
                assert error.max() == 0  # grey is exact
            else:
                assert error.mean() < 8  # 256 colours in all, dithered


def test_gif_of_one_frame(tmp_path):
    save_gif(tmp_path / "one.gif", [np.zeros((4, 4, 3), np.uint8)])
    assert Image.open(tmp_path / "one.gif").size == (4, 4)


def test_reconstructions_stand_below_their_inputs(tmp_path, sheets):
    random = np.random.RandomState(0)
    images, ours = random.rand(2, 7, 16, 16, 3)
    draw_reconstructions(tmp_path / "r.png", images, ours, columns=5)
    cells = cells_of(tmp_path / "r.png", sheets[0], 4, 5, (16, 16))
    assert np.array_equal(cells[0], rgb_bytes(images[:5]))
    assert np.array_equal(cells[1], rgb_bytes(ours[:5]))
    assert np.array_equal(cells[2, :2], rgb_bytes(images[5:]))
    assert np.array_equal(cells[3, :2], rgb_bytes(ours[5:]))
    assert cells[2:, 2:].min() == 255


def test_a_mark_frames_its_cell_from_outside():
    images = np.zeros((1, 3, 16, 16, 1))
    sheet = Sheet(1, 3, (16, 16, 1), row_labels=[Label("a")])
    plain, marked = sheet.filled(images), sheet.filled(images, [(0, 1)])
    left, top, right, bottom = sheet.cell_box(0, 1)
    assert np.array_equal(marked[top:bottom, left:right], plain[top:bottom, left:right])
    assert (marked != plain).any(axis=(0, 2)).nonzero()[0].min() < left
    assert (marked[top - 1, left] != plain[top - 1, left]).any()


def test_soft_labels_pass_every_class():
    path = soft_labels(3, 1)
    assert path.tolist() == [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]]
    assert soft_labels(1, 1).tolist() == [[0], [0.5], [1]]


def test_condition_moves_only_its_part_of_the_label():
    codes, labels = np.ones((2, 4)), np.array([[0, 1, 0, 1, 0], [1, 0, 0, 0, 1]])
    seen = []

    def decode(codes, labels):
        seen.append(labels)
        return np.zeros((len(codes), 2, 2, 1))

    images = traverse_condition(decode, codes, labels, 3, soft_labels(2, 0))
    assert images.shape == (2, 2, 2, 2, 1)
    assert seen[0].tolist() == [[0, 1, 0, 1, 0], [0, 1, 0, 0, 1], [1, 0, 0, 1, 0], [1, 0, 0, 0, 1]]


def test_condition_pictures_hold_inputs_and_decoded_labels(
    tmp_path, sheets, conditional_fake_model
):
    model = conditional_fake_model(10, (16, 16, 1))
    random = np.random.RandomState(0)
    codes, inputs = random.randn(2, 10), random.rand(2, 16, 16, 1)
    labels = np.eye(3)[[2, 0]]
    shared = (model.decode, inputs, codes, labels, 0)
    draw_condition_traversal(tmp_path / "c.png", *shared, ("square", "ellipse", "heart"), between=1)
    cells = cells_of(tmp_path / "c.png", sheets[0], 2, 6, (16, 16))
    assert np.array_equal(cells[:, 0], rgb_bytes(inputs))
    halfway = model.decode(codes, np.array([[0.5, 0.5, 0]] * 2))
    assert np.array_equal(cells[:, 2], rgb_bytes(halfway))
    animate_condition_traversal(tmp_path / "c.gif", *shared, 3, between=1)
    assert Image.open(tmp_path / "c.gif").n_frames == 8
    cells = cells_of(tmp_path / "c.gif", sheets[1], 2, 2, (16, 16), frame=1)
    assert np.array_equal(cells[0], rgb_bytes(inputs))
    assert np.array_equal(cells[1], rgb_bytes(halfway))


def test_no_global_state_of_matplotlib_changes(tmp_path):
    settings, figures = dict(matplotlib.rcParams), plt.get_fignums()
    Sheet(1, 1, (8, 8, 1), row_labels=[Label("a")])
    assert dict(matplotlib.rcParams) == settings
    assert plt.get_fignums() == figures
