import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import chisquare

from tfdis.data.feeding import (
    DeviceFeed,
    IndependentDraw,
    SlabFeed,
    table_feed,
    unpack_bits,
    unravel,
)
from tfdis.data.stored import stored_feed
from tfdis.keys import step_key

_IMAGES = np.random.default_rng(0).integers(0, 256, (200, 8, 8, 3), np.uint8)
_FACTORS = np.arange(400, dtype=np.int32).reshape(200, 2)


def _factors(indices):
    return tf.gather(tf.constant(_FACTORS), indices)


def _feeds():
    draw = IndependentDraw(len(_IMAGES))
    return {
        "device": table_feed(_IMAGES, draw, _factors),
        "slabs": SlabFeed(draw, lambda indices: _IMAGES[indices], _factors),
    }


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("kind", ["device", "slabs"])
def test_a_batch_holds_images_and_their_factors(kind, jit_compile):
    feed = _feeds()[kind]
    slab = feed.slab(3, 10, 4, 16)

    @tf.function(jit_compile=jit_compile)
    def step(slab, position):
        inputs = feed.batch(slab, position, step_key(3, 10 + position), 16)
        return inputs.images, inputs.factors

    for position in range(4):
        images, factors = step(slab, tf.constant(position))
        rows = factors.numpy()[:, 0] // 2
        np.testing.assert_allclose(images, _IMAGES[rows] / 255, rtol=0, atol=1e-7)
        np.testing.assert_array_equal(factors, _FACTORS[rows])
        np.testing.assert_array_equal(rows, feed.draw(step_key(3, 10 + position), 16))


def test_slabs_and_the_device_draw_the_same_however_the_steps_are_cut():
    feeds = _feeds()

    def rows(kind, first, cuts):
        feed, found = feeds[kind], []
        for count in cuts:
            slab = feed.slab(5, first, count, 7)
            for position in range(count):
                key = step_key(5, first + position)
                found.append(feed.batch(slab, position, key, 7).factors.numpy())
            first += count
        return np.stack(found)

    expected = rows("device", 0, [6])
    for kind in feeds:
        for cuts in ([6], [1, 2, 3], [2, 2, 2]):
            np.testing.assert_array_equal(rows(kind, 0, cuts), expected)
        np.testing.assert_array_equal(rows(kind, 4, [2]), expected[4:])


def test_other_seeds_and_other_steps_draw_other_batches():
    draw = IndependentDraw(1 << 20)
    batches = [draw(step_key(seed, step), 8).numpy() for seed in range(3) for step in range(3)]
    assert len(np.unique(batches)) > 70


def test_uniform_draws_are_uniform():
    counts = np.bincount(IndependentDraw(40)(step_key(0, 0), 20_000), minlength=40)
    assert chisquare(counts).pvalue > 1e-3


def test_weighted_draws_follow_the_weights():
    weights = np.repeat([0.0, 1.0, 5.0, 0.0, 2.5], [7, 5, 9, 3, 6])
    np.random.default_rng(0).shuffle(weights)
    counts = np.bincount(
        IndependentDraw(len(weights), weights)(step_key(0, 0), 40_000), minlength=30
    )
    assert not counts[weights == 0].any()
    drawn = weights > 0
    expected = weights[drawn] / weights.sum() * 40_000
    assert chisquare(counts[drawn], expected).pvalue > 1e-3


def test_draws_are_the_same_with_xla():
    for draw in (IndependentDraw(1000), IndependentDraw(1000, np.arange(1000.0))):
        plain = draw(step_key(1, 2), 64)
        compiled = tf.function(lambda key, draw=draw: draw(key, 64), jit_compile=True)
        np.testing.assert_array_equal(plain, compiled(step_key(1, 2)))


def test_the_next_slab_is_gathered_ahead_and_a_failed_read_is_raised():
    calls = []

    def gather(indices):
        calls.append(len(indices))
        if len(calls) == 3:
            raise OSError("gone")
        return _IMAGES[indices]

    feed = SlabFeed(IndependentDraw(200), gather)
    feed.slab(0, 0, 2, 8)
    feed.slab(0, 2, 2, 8)
    with pytest.raises(OSError, match="gone"):
        feed.slab(0, 4, 2, 8)


def test_memory_mapped_images_stay_mapped_on_the_cpu(tmp_path):
    np.save(tmp_path / "images.npy", _IMAGES)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="c")
    feed = stored_feed(mapped, IndependentDraw(200))
    assert isinstance(feed, DeviceFeed)
    step = tf.function(lambda: feed.batch((), 0, step_key(0, 0), 16).images, jit_compile=True)
    indices = feed.draw(step_key(0, 0), 16).numpy()
    np.testing.assert_allclose(step(), _IMAGES[indices] / 255, rtol=0, atol=1e-7)
    # The tensor is the mapped memory: what is written there is read from it.
    mapped[indices] = 255
    assert (step().numpy() == 1).all()


@pytest.mark.parametrize("why", ["read-only", "not aligned", "too large"])
def test_what_cannot_be_mapped_in_place_goes_in_slabs(tmp_path, monkeypatch, why):
    (tmp_path / "raw").write_bytes(bytes(1) + _IMAGES.tobytes())
    mode, offset = ("r" if why == "read-only" else "c"), int(why == "not aligned")
    mapped = np.memmap(tmp_path / "raw", np.uint8, mode, offset, _IMAGES.shape)
    if why == "too large":
        monkeypatch.setattr("os.sysconf", lambda name: 10)
    feed = stored_feed(mapped, IndependentDraw(200))
    assert isinstance(feed, SlabFeed)
    images = feed.batch(feed.slab(0, 0, 1, 4), 0, step_key(0, 0), 4).images
    expected = mapped[feed.draw(step_key(0, 0), 4).numpy()]
    np.testing.assert_allclose(images, expected / 255, rtol=0, atol=1e-7)


def test_floats_are_fed_as_they_are():
    images = np.random.default_rng(0).random((20, 4, 4, 1), np.float32)
    feed = stored_feed(images, IndependentDraw(20))
    inputs = feed.batch((), 0, step_key(0, 0), 8)
    batch, factors = inputs.images, inputs.factors
    assert factors is None
    np.testing.assert_array_equal(batch, images[feed.draw(step_key(0, 0), 8).numpy()])


def test_unravel_and_unpack_are_numpys():
    sizes = [3, 1, 7, 5]
    expected = np.stack(np.unravel_index(np.arange(105), sizes), axis=-1)
    np.testing.assert_array_equal(unravel(tf.range(105), sizes), expected)
    packed = np.random.default_rng(0).integers(0, 256, (5, 3, 4), np.uint8)
    expected = np.unpackbits(packed, axis=-1, bitorder="little")
    np.testing.assert_array_equal(unpack_bits(tf.constant(packed)), expected)


def test_slabs_of_any_length_share_one_trace():
    feed = stored_feed_in_slabs()
    for first, count in ((0, 4), (4, 7), (11, 1), (12, 4)):
        assert feed.slab(0, first, count, 5)[0].shape[0] == count
    assert feed._indices.experimental_get_tracing_count() == 1


def stored_feed_in_slabs():
    return SlabFeed(IndependentDraw(len(_IMAGES)), lambda indices: _IMAGES[indices])
