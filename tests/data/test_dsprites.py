import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.abstract_dsprites import AbstractDSprites
from tfdis.data.dsprites import DSprites, DSpritesNoShape
from tfdis.data.files import cache_dir
from tfdis.data.noisy_dsprites import ColorDSprites, NoisyDSprites, ScreamDSprites
from tfdis.errors import UserError
from tfdis.keys import step_key


@pytest.fixture
def theirs(dsprites_file, dlib_data, monkeypatch):
    module = dlib_data("dsprites")
    monkeypatch.setattr(module, "DSPRITES_PATH", str(dsprites_file))
    return module


@pytest.fixture
def scream(data_dir, dlib_data, monkeypatch):
    from PIL import Image

    path = data_dir / "scream" / "scream.jpg"
    path.parent.mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (60, 75, 3), np.uint8)
    Image.fromarray(noise).resize((420, 300)).save(path, quality=95)
    monkeypatch.setattr(dlib_data("dsprites"), "SCREAM_PATH", str(path))


def test_dsprites_is_disentanglement_libs(theirs, same_draws):
    same_draws(DSprites(), theirs.DSprites([1, 2, 3, 4, 5]))


def test_dsprites_without_shape_draws_it_from_the_random_state(theirs, same_draws):
    same_draws(DSpritesNoShape(), theirs.DSprites([2, 3, 4, 5]))


@pytest.mark.parametrize("ours", [ColorDSprites, NoisyDSprites])
def test_drawn_pixels_are_disentanglement_libs(ours, theirs, same_draws):
    assert not ours.indexed
    same_draws(ours(), getattr(theirs, ours.__name__)([1, 2, 3, 4, 5]))


def test_scream_is_disentanglement_libs(theirs, scream, same_draws):
    same_draws(ScreamDSprites(), theirs.ScreamDSprites([1, 2, 3, 4, 5]))


def test_abstract_dsprites_is_disentanglement_libs(theirs, same_draws):
    same_draws(AbstractDSprites(), theirs.AbstractDSprites())


def test_the_factors_of_an_index_lead_back_to_it(dsprites_file):
    data = DSprites()
    indices = np.arange(data.num_images)
    np.testing.assert_array_equal(data.index_of(data.factors(indices), None), indices)


def test_bits_on_the_device_are_the_images(dsprites_file):
    data = DSprites()
    feed = data.feed()
    inputs = feed.batch((), 0, step_key(1, 2), 16)
    images, factors = inputs.images, inputs.factors
    indices = feed.draw(step_key(1, 2), 16).numpy()
    np.testing.assert_array_equal(255 * images, data.images(indices))
    np.testing.assert_array_equal(factors, data.factors(indices))


def test_without_shape_the_feed_draws_every_shape(dsprites_file):
    data = DSpritesNoShape()
    feed = data.feed()
    inputs = feed.batch((), 0, step_key(1, 2), 64)
    images, factors = inputs.images, inputs.factors
    indices = feed.draw(step_key(1, 2), 64).numpy()
    assert set(np.unravel_index(indices, data.grid)[0]) == {0, 1, 2}
    np.testing.assert_array_equal(255 * images, data.images(indices))
    np.testing.assert_array_equal(factors, data.factors(indices))


def test_abstract_feed_has_the_exact_colours(dsprites_file):
    data = AbstractDSprites()
    feed = data.feed()
    inputs = feed.batch((), 0, step_key(1, 2), 16)
    images, factors = inputs.images, inputs.factors
    indices = feed.draw(step_key(1, 2), 16).numpy()
    np.testing.assert_allclose(images, data._observations(indices), rtol=0, atol=1e-7)
    np.testing.assert_array_equal(factors, data.factors(indices))
    np.testing.assert_allclose(data.images(indices) / 255, images, rtol=0, atol=0.5001 / 255)


@pytest.mark.parametrize("make", [ColorDSprites, NoisyDSprites, ScreamDSprites])
def test_nuisance_of_the_feed_is_keyed_and_within_bounds(make, dsprites_file, scream):
    data = make()
    feed = data.feed()
    step = tf.function(lambda i: feed.batch((), 0, step_key(1, i), 64).images)
    images = step(tf.constant(3)).numpy()
    np.testing.assert_array_equal(images, step(tf.constant(3)))
    assert not np.array_equal(images, step(tf.constant(4)))
    assert images.shape == (64, 64, 64, 3)
    assert images.min() >= 0
    assert images.max() <= 1
    # The same distribution as the host's draws, of the same sprites.
    indices = feed.draw(step_key(1, 3), 64).numpy()
    drawn = data._paint(data._sprites(indices), np.random.RandomState(0))
    np.testing.assert_allclose(images.mean(), drawn.mean(), atol=0.03)
    np.testing.assert_allclose(images.std(), drawn.std(), atol=0.03)


def test_colour_of_the_feed_is_one_per_sprite(dsprites_file):
    feed = ColorDSprites().feed()
    images = feed.batch((), 0, step_key(1, 2), 8).images.numpy()
    for image in images:
        colours = np.unique(image.reshape(-1, 3), axis=0)
        assert len(colours) == 2
        assert not colours[0].any()
        assert (colours[1] >= 0.5).all()


def test_scream_feed_inverts_tinted_patches(dsprites_file, scream):
    data = ScreamDSprites()
    feed = data.feed()
    images = feed.batch((), 0, step_key(1, 2), 1).images.numpy()
    (sprite,) = data._sprites(feed.draw(step_key(1, 2), 1).numpy())
    tinted = np.where(sprite, 1 - images[0], images[0])
    # Some patch explains it: what is left over twice the image is one colour, the tint.
    patches = np.lib.stride_tricks.sliding_window_view(data._scream, (64, 64), axis=(0, 1))
    probe = (slice(None), slice(None), slice(None), slice(0, 64, 21), slice(0, 64, 21))
    left_over = 2 * tinted.transpose(2, 0, 1)[:, ::21, ::21] - patches[probe]
    assert np.ptp(left_over, axis=(3, 4)).max(axis=2).min() < 1e-5


def test_a_second_start_does_not_read_the_archive(dsprites_file):
    first = DSprites()
    times = [path.stat().st_mtime_ns for path in cache_dir().iterdir()]
    second = DSprites()
    assert [path.stat().st_mtime_ns for path in cache_dir().iterdir()] == times
    assert isinstance(second._bits, np.memmap)
    assert second._bits.nbytes * 8 == second.num_images * 64 * 64
    np.testing.assert_array_equal(first.images(np.arange(9)), second.images(np.arange(9)))


def test_a_missing_archive_is_named(data_dir):
    with pytest.raises(UserError, match=r"dsprites_ndarray.*tfdis-data download dsprites_full"):
        DSprites()


def test_a_truncated_archive_is_named(dsprites_file):
    dsprites_file.write_bytes(dsprites_file.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"dsprites_ndarray.*npz is damaged"):
        DSprites()


def test_a_corrupt_archive_is_named_and_leaves_no_cache(dsprites_file):
    content = bytearray(dsprites_file.read_bytes())
    content[len(content) // 2] ^= 255
    dsprites_file.write_bytes(content)
    with pytest.raises(UserError, match=r"dsprites_ndarray.*npz is damaged"):
        DSprites()
    assert not cache_dir().exists() or not list(cache_dir().iterdir())


def test_an_archive_of_another_size_is_named(dsprites_file):
    np.savez_compressed(dsprites_file, imgs=np.zeros((5, 64, 64), np.uint8))
    with pytest.raises(UserError, match=r"\(5, 64, 64\).*expected dSprites' archive with 144"):
        DSprites()


def test_an_archive_of_grey_images_is_named(dsprites_file):
    np.savez_compressed(dsprites_file, imgs=np.full((144, 64, 64), 7, np.uint8))
    with pytest.raises(UserError, match="not binary"):
        DSprites()


def test_another_archive_under_this_name_is_named(dsprites_file):
    np.savez_compressed(dsprites_file, images=np.zeros((144, 64, 64), np.uint8))
    with pytest.raises(UserError, match=r"'imgs.npy'.*expected dSprites"):
        DSprites()


def test_a_pickle_is_refused(dsprites_file):
    np.savez_compressed(dsprites_file, imgs=np.array([{}] * 144, dtype=object))
    with pytest.raises(UserError, match="object"):
        DSprites()
