import json

import gin
import numpy as np
import pytest
from PIL import Image

from tfdis.data.labelled import LabelledData
from tfdis.errors import UserError
from tfdis.visualize.draw import KINDS, draw_all
from tfdis.visualize.material import fixed_factors
from tfdis.visualize.sheet import as_bytes


@pytest.fixture
def small():
    gin.parse_config("draw_all.num_images = 200\ndraw_all.num_random = 3")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("shape", [(16, 16, 1), (32, 32, 3)])
def test_everything_is_drawn(tmp_path, fake_model, fake_data, shape):
    progress = tmp_path / "progress.jsonl"
    progress.write_text(json.dumps({"step": 100, "loss": 3.0}) + "\n")
    drawn = draw_all(fake_model(12, shape), fake_data(shape), tmp_path / "out", progress)
    names = {path.name for path in drawn.paths}
    assert names == {path.name for path in (tmp_path / "out").iterdir()}
    images = [f"fixed_{i}" for i in (1, 2, 3)] + ["random_1", "random_2"]
    assert names == {
        "reconstructions_fixed.png",
        "reconstructions_random.png",
        *(f"traversal_{over}_{name}.png" for over in ("range", "quantiles") for name in images),
        "traversals_range.gif",
        "traversals_quantiles.gif",
        "samples.png",
        "interventions.png",
        "kl.png",
        "mutual_information.png",
        "mutual_information.txt",
        "learning_curves.png",
    }
    for path in drawn.paths:
        if path.suffix != ".txt":
            Image.open(path).load()
    best = [line.split()[:2] for line in drawn.information.splitlines()[2:]]
    assert best[1] == ["x", "z0"]


@pytest.mark.usefixtures("small")
def test_a_conditional_model_gets_its_labels_and_its_traversals(
    tmp_path, conditional_fake_model, fake_data
):
    model, data = conditional_fake_model(), fake_data()
    draw = lambda out, kinds: draw_all(model, data, tmp_path / out, kinds=kinds)  # noqa: E731
    names = [path.name for path in draw("a", ["conditions"]).paths]
    assert names == [
        f"condition_shape_{which}.{kind}"
        for which in ("fixed", "random")
        for kind in ("png", "gif")
    ]
    draw("b", ["traversals", "reconstructions", "animations"])
    assert [path.name for path in draw("c", ["samples"]).paths] == ["samples_shape.png"]


@pytest.mark.usefixtures("small")
def test_a_deterministic_encoder_is_drawn(tmp_path, fake_model, fake_data):
    model = fake_model()
    encode = model.encode
    model.encode = lambda images: (encode(images)[0], None)
    assert draw_all(model, fake_data(), tmp_path, kinds=["traversals", "animations", "kl"]).paths


@pytest.mark.usefixtures("small")
def test_the_same_seed_draws_the_same_pictures(tmp_path, fake_model, fake_data):
    def content(out, seed):
        kinds = ["reconstructions", "kl"]
        drawn = draw_all(fake_model(), fake_data(), tmp_path / out, kinds=kinds, seed=seed)
        return [path.read_bytes() for path in drawn.paths]

    assert content("a", 1) == content("b", 1)
    assert content("a", 1) != content("c", 2)


def test_fixed_images_show_every_shape(fake_data):
    assert fixed_factors(fake_data()).tolist() == [[0, 4], [1, 4], [2, 4]]
    shapeless = fake_data()
    shapeless.factor_names = ("hue", "x")
    assert fixed_factors(shapeless).tolist() == [[0, 2], [1, 4], [2, 6]]


def test_fixed_images_of_a_coloured_set_differ_in_colour():
    from tfdis.data.rooms import Rooms

    factors = fixed_factors(Rooms())
    assert factors[:, 4].tolist() == [0, 1, 2, 3]
    assert all(len(set(column)) == 4 for column in factors[:, :3].T)


def test_sprites_show_a_square_an_ellipse_and_a_heart():
    from tfdis.data.sprites import Sprites

    data = Sprites()
    images = as_bytes(data.sample_observations_from_factors(fixed_factors(data), np.random))
    square, ellipse, heart = images[..., 0] > 0
    for image in (square, ellipse, heart):
        assert image.any()
    # An upright square is all that is in its bounding box; an ellipse is pi / 4 of it, and mirrored
    # by both axes; a heart by one alone.
    boxes = [
        image[np.ix_(image.any(axis=1), image.any(axis=0))] for image in (square, ellipse, heart)
    ]
    assert boxes[0].mean() > 0.9
    assert boxes[1].mean() == pytest.approx(np.pi / 4, abs=0.1)
    assert np.array_equal(boxes[1], boxes[1][::-1])
    assert np.array_equal(boxes[1], boxes[1][:, ::-1])
    mirrored = [np.mean(boxes[2] == boxes[2][::-1]), np.mean(boxes[2] == boxes[2][:, ::-1])]
    assert max(mirrored) > 0.95
    assert min(mirrored) < 0.95


@pytest.mark.parametrize("names", [["shape", "hue"], [f"attribute_{i}" for i in range(40)]])
def test_images_that_do_not_cover_the_grid_are_drawn(tmp_path, fake_model, names):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (30, 16, 16, 1), np.uint8)
    factors = np.stack([np.arange(30) % 3, *rng.integers(0, 2, (len(names) - 1, 30))], axis=1)
    factors[factors[:, 0] == 2, 1] = 0
    data = LabelledData(images, factors, names)
    np.testing.assert_array_equal(fixed_factors(data), factors[[7, 15, 22]])
    drawn = draw_all(fake_model(), data, tmp_path, num_images=50, num_random=3, max_latents=2)
    # Forty columns of interventions would be too narrow to read.
    drawn_too = {"samples.png"} | ({"interventions.png"} if len(names) == 2 else set())
    assert {path.name for path in drawn.paths} >= drawn_too
    assert len(drawn.paths) == 17 + len(drawn_too)
    assert all(path.stat().st_size for path in drawn.paths)


def test_an_unknown_kind_is_named(tmp_path, fake_model, fake_data):
    with pytest.raises(UserError, match="names 'gifs'; the kinds of pictures are reconstructions"):
        draw_all(fake_model(), fake_data(), tmp_path, kinds=["gifs"])
    assert "gifs" not in KINDS


@pytest.mark.usefixtures("small")
def test_data_without_factors_is_drawn(tmp_path, fake_model):
    from tfdis.data.labelled import LabelledData

    data = LabelledData(np.random.RandomState(0).rand(30, 16, 16, 1))
    drawn = draw_all(fake_model(), data, tmp_path)
    assert drawn.information == ""
    assert (tmp_path / "reconstructions_fixed.png").is_file()


@pytest.mark.usefixtures("small")
def test_quantized_latents_are_traversed_over_their_values(tmp_path, fake_model, fake_data):
    model = fake_model()
    model.latent_values = [np.linspace(-1, 1, 3 + latent % 2) for latent in range(10)]
    encode, decoded = model.encode, []
    model.encode = lambda images: (encode(images)[0], None)
    decode = model.decode
    model.decode = lambda codes: decoded.append(np.asarray(codes)) or decode(codes)
    paths = draw_all(model, fake_data(), tmp_path, kinds=["traversals", "animations"]).paths
    assert {path.name.split("_")[1].split(".")[0] for path in paths} == {"values"}
    moved = [codes[:, 0] for codes in decoded if len(np.unique(codes[:, 0])) > 2]
    assert moved
    for values in moved:
        assert np.isin(model.latent_values[0].astype(np.float32), values).all()
