import numpy as np
import pytest

from tfdis.data.labelled import LabelledData
from tfdis.errors import UserError
from tfdis.keys import step_key

_IMAGES = np.random.default_rng(0).integers(0, 256, (30, 6, 5, 3), np.uint8)
_FACTORS = np.random.default_rng(1).integers(0, 3, (30, 2))


def test_images_are_drawn_among_those_of_a_row():
    data = LabelledData(_IMAGES, _FACTORS)
    state = np.random.RandomState(0)
    factors = data.sample_factors(500, state)
    indices = data.index_of(factors, state)
    np.testing.assert_array_equal(_FACTORS[indices], factors)
    assert len(np.unique(indices)) == 30
    assert data.factors_num_values == [3, 3]
    observations = data.sample_observations_from_factors(factors[:4], np.random.RandomState(5))
    drawn = data.index_of(factors[:4], np.random.RandomState(5))
    np.testing.assert_array_equal(observations, _IMAGES[drawn].astype(np.float32) / 255)


def test_rows_without_an_image_are_told():
    data = LabelledData(_IMAGES[:2], np.array([[0, 0], [1, 1]]), name="mine")
    with pytest.raises(UserError, match=r"No image of 'mine' has the factors \[0, 1\]"):
        data.index_of(np.array([[1, 1], [0, 1]]), np.random.RandomState(0))


def test_without_factors_any_image_is_drawn():
    data = LabelledData(_IMAGES)
    state = np.random.RandomState(0)
    factors, observations = data.sample(200, state)
    assert factors.shape == (200, 0)
    assert len(np.unique(observations[:, 0, 0, 0])) > 20
    assert data.feed().batch((), 0, step_key(0, 0), 4).factors is None


def test_factors_of_no_column_are_no_factors():
    data = LabelledData(_IMAGES, np.zeros((30, 0)))
    assert (data.num_factors, data.factor_names, data.covers_grid) == (0, (), True)


def test_the_feed_gives_the_factors():
    data = LabelledData(_IMAGES, _FACTORS)
    feed = data.feed()
    inputs = feed.batch((), 0, step_key(0, 0), 16)
    images, factors = inputs.images, inputs.factors
    indices = feed.draw(step_key(0, 0), 16).numpy()
    np.testing.assert_array_equal(factors, _FACTORS[indices])
    np.testing.assert_allclose(images, _IMAGES[indices] / 255, rtol=0, atol=1e-7)


def test_grey_images_and_floats_are_taken():
    data = LabelledData(np.linspace(0, 1, 8).reshape(2, 2, 2))
    assert data.observation_shape == [2, 2, 1]
    assert data.images(np.array([1])).dtype == np.uint8
    assert data.images(np.array([1])).max() == 255


@pytest.mark.parametrize(
    ("images", "factors", "names", "message"),
    [
        (np.zeros((4, 3)), None, None, r"\(4, 3\)"),
        (np.zeros((0, 3, 3, 1)), None, None, r"\(0, 3, 3, 1\)"),
        (np.full((4, 3, 3, 1), 255.0), None, None, "range from 255 to 255"),
        (np.full((4, 3, 3, 1), np.nan), None, None, "range from nan"),
        (np.zeros((4, 3, 3, 1), np.int64), None, None, "int64"),
        (_IMAGES, _FACTORS[:7], None, r"\[30, num_factors\].*\(7, 2\)"),
        (_IMAGES, _FACTORS - 1, None, "from 0"),
        (_IMAGES, _FACTORS / 2, None, "float64"),
        (_IMAGES, _FACTORS, ["one"], "2 factors and 1 factor_names"),
        (_IMAGES, _FACTORS, "one", "2 factors and 1 factor_names"),
        (np.zeros((4, 0, 3, 1)), None, None, r"\(4, 0, 3, 1\)"),
        (np.zeros((4, 3, 3, 2)), None, None, "1 or 3 channels"),
        (np.zeros((4, 3, 3, 4)), None, None, "1 or 3 channels"),
        (np.zeros((4, 3, 3, 1), np.uint64), None, None, "not uint64"),
        (np.zeros((4, 3, 3, 1), complex), None, None, "not complex128"),
        (np.zeros((4, 3, 3, 1), object), None, None, "not object"),
        (np.zeros((4, 3, 3, 1), bool), None, None, "not bool"),
        (np.zeros((4, 3, 3, 1), "datetime64[s]"), None, None, "not datetime64"),
        (np.zeros((4, 3, 3, 1), [("r", "u1")]), None, None, "not .*'r'"),
        (_IMAGES, _FACTORS.astype(complex), None, "complex128"),
        (_IMAGES, _FACTORS.astype(object), None, "object"),
        (_IMAGES, _FACTORS.astype(str), None, "<U"),
        (_IMAGES, _FACTORS.astype(np.uint64) + 2**63, None, "the value 9223372036854775"),
        (_IMAGES, _FACTORS + 1_000_000, None, "999999 is the highest"),
        (_IMAGES, _FACTORS[None], None, r"\(1, 30, 2\)"),
    ],
)
def test_what_does_not_fit_is_told(images, factors, names, message):
    with pytest.raises(UserError, match=message):
        LabelledData(images, factors, names)


@pytest.mark.parametrize(
    ("factors", "covers"),
    [
        ([[0, 0], [0, 1], [1, 0], [1, 1], [1, 1]], True),
        ([[0, 0], [0, 1], [1, 1], [1, 1], [1, 1]], False),
        ([[0] * 40, [1] * 40], False),
        ([[0, 2], [0, 0]], False),  # no image has the second factor's value 1
    ],
)
def test_whether_every_combination_has_an_image_is_known(factors, covers):
    data = LabelledData(_IMAGES[: len(factors)], np.array(factors))
    assert data.covers_grid == covers
