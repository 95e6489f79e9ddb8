import numpy as np
import pytest
from PIL import Image

from tfdis.evaluation.compat import disentanglement_lib
from tfdis.visualize.mixing import draw_dendrogram, draw_groups, mixing

NAMES = ["position_x", "position_y", "scale", "shape", "orientation"]


@pytest.fixture(params=range(4))
def matrix(request):
    """How much each of six latents knows of each of five factors; some know nothing."""
    rng = np.random.default_rng(request.param)
    return rng.uniform(size=(6, 5)) * (rng.uniform(size=(6, 5)) < 0.6) * (np.arange(6) < 5)[:, None]


def test_found_and_groups_are_disentanglement_libs_recall_and_precision(matrix, dlib15_path):
    scores = disentanglement_lib(dlib15_path).module("visualize.visualize_scores")
    thresholds = np.unique(matrix[matrix > 0])
    found = mixing(matrix)
    np.testing.assert_array_equal(
        found.num_found(thresholds), [scores.recall(matrix.T, t) for t in thresholds]
    )
    np.testing.assert_array_equal(
        found.num_groups(thresholds), [scores.precision(matrix.T, t) for t in thresholds]
    )


def test_merges_are_disentanglement_libs(matrix, dlib15_path, tmp_path):
    dendrogram = disentanglement_lib(dlib15_path).module("visualize.dendrogram")
    matrix = matrix + 1e-3 * np.random.default_rng(9).uniform(size=matrix.shape)  # all connected
    values = np.sort(matrix, axis=None)[::-1]
    theirs = {
        frozenset(int(factor) for factor in name.split("_")[1:]): values[int(rank)]
        for name, rank in dendrogram.dendrogram_plot(matrix.T, str(tmp_path / "d"), NAMES).items()
    }
    members = {factor: [factor] for factor in range(5)}
    ours = {}
    for number, (one, other, threshold) in enumerate(mixing(matrix).merges):
        for first in members[one]:
            for second in members[other]:
                ours[frozenset((first, second))] = threshold
        members[5 + number] = members[one] + members[other]
    assert ours == theirs
    assert len(ours) == 10


@pytest.mark.parametrize("draw", [draw_dendrogram, draw_groups])
@pytest.mark.parametrize("num_factors", [2, 40])
def test_pictures_fit_a_page(draw, num_factors, tmp_path):
    matrix = np.random.default_rng(0).uniform(size=(10, num_factors))
    draw(tmp_path / "p.png", matrix, ["a_long_factor_name"] * num_factors, "mutual information")
    image = Image.open(tmp_path / "p.png")
    assert 2 < image.width / 250 <= 6.5
    assert np.asarray(image).std() > 5


def test_factors_that_no_latent_joins_are_drawn_apart(tmp_path):
    matrix = np.eye(5) * np.linspace(0.2, 1, 5)
    found = mixing(matrix)
    np.testing.assert_array_equal(found.num_groups(np.array([0.1, 0.5])), [5, 3])
    draw_dendrogram(tmp_path / "p.png", matrix, NAMES, "importance")
    blue = np.asarray(Image.open(tmp_path / "p.png")).astype(int)
    rows = np.flatnonzero(np.sum(blue[..., 2] - blue[..., 0] > 40, axis=1) > 100)
    assert np.sum(np.diff(rows) > 1) == 4  # five lines and nothing between them
