import numpy as np
import pytest
from PIL import Image

from tfdis.data.labelled import LabelledData
from tfdis.visualize.draw import draw_all
from tfdis.visualize.interventions import draw_interventions, held_means


@pytest.fixture
def factors():
    return np.random.default_rng(0).integers(0, (3, 5, 8), (4000, 3))


def test_means_are_those_of_the_samples(factors):
    code = np.random.default_rng(1).normal(size=4000) + factors[:, 1]
    means = held_means(code, factors[:, 2], factors[:, 1])
    assert means.shape == (5, 8)
    for held in range(5):
        for moved in range(8):
            here = (factors[:, 1] == held) & (factors[:, 2] == moved)
            np.testing.assert_allclose(means[held, moved], code[here].mean())


def test_values_that_never_meet_have_no_mean():
    means = held_means(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 1]), np.array([0, 0, 2]))
    np.testing.assert_array_equal(means, [[2, np.nan], [np.nan, np.nan], [np.nan, 5]])


@pytest.mark.parametrize("num_latents", [1, 10])
def test_the_picture_has_a_row_per_latent_and_marks_the_parent(factors, num_latents, tmp_path):
    rng = np.random.default_rng(2)
    codes = rng.normal(size=(4000, num_latents)) + factors[:, :1]
    robustness = np.tile([0.9, 0.2, 0.1], (num_latents, 1))
    draw_interventions(tmp_path / "p.png", codes, factors, robustness, ["shape", "size", "x"])
    image = Image.open(tmp_path / "p.png")
    assert image.width / 250 <= 6.5
    assert image.height / 250 == pytest.approx(0.55 + 0.75 * num_latents, abs=0.02)
    pixels = np.asarray(image).astype(int)
    orange = (pixels[..., 0] - pixels[..., 2]) > 150
    first = orange[:, : image.width // 2].sum()  # the parent is the first of three factors
    assert first > 100
    assert orange[:, image.width // 2 :].sum() == 0


def test_a_stage_draws_the_latents_in_use_by_name(tmp_path, fake_model, fake_data):
    (path,) = draw_all(
        fake_model(), fake_data(), tmp_path, kinds=["interventions"], num_images=500
    ).paths
    assert path.name == "interventions.png"
    # Latents 0 to 3 of the ten are in use.
    assert Image.open(path).height / 250 == pytest.approx(0.55 + 0.75 * 4, abs=0.02)


@pytest.mark.parametrize(("num_images", "drawn"), [(300, True), (3, False)])
def test_factors_that_cannot_be_held_are_left_out(tmp_path, fake_model, num_images, drawn):
    """One that never varies, and one of values so large that a table of pairs fills the memory."""
    rng = np.random.default_rng(0)
    digit, when = rng.integers(0, 10, 600), rng.permutation(600) * 1000
    factors = np.stack([digit, np.zeros(600, int), when], axis=1)
    images = rng.integers(0, 256, (600, 16, 16, 1), np.uint8)
    data = LabelledData(images, factors, ["digit", "domain", "time"])
    kinds = ["interventions", "mutual_information"]
    paths = draw_all(fake_model(), data, tmp_path, kinds=kinds, num_images=num_images).paths
    assert ((tmp_path / "interventions.png") in paths) == drawn
    assert tmp_path / "mutual_information.png" in paths
