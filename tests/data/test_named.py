import numpy as np
import pytest

from tfdis.data.dummy_data import DummyData
from tfdis.data.named import all_named_data, get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.keys import step_key

_SIZES = {
    "sprites": [3, 6, 40, 32, 32],
    "rooms": [10, 10, 10, 8, 4, 15],
    "dsprites_full": [3, 6, 40, 32, 32],
    "dsprites_noshape": [6, 40, 32, 32],
    "color_dsprites": [3, 6, 40, 32, 32],
    "noisy_dsprites": [3, 6, 40, 32, 32],
    "scream_dsprites": [3, 6, 40, 32, 32],
    "abstract_dsprites": [5, 6, 3, 6, 32, 32],
    "smallnorb": [5, 9, 18, 6],
    "cars3d": [4, 24, 183],
    "shapes3d": [10, 10, 10, 8, 4, 15],
    "mpi3d_toy": [4, 4, 2, 3, 3, 40, 40],
    "mpi3d_realistic": [4, 4, 2, 3, 3, 40, 40],
    "mpi3d_real": [6, 6, 2, 3, 3, 40, 40],
    "dummy_data": [5] * 10,
}


@pytest.mark.parametrize("name", _SIZES)
def test_every_set_of_the_field_has_its_factors(name):
    named = all_named_data()[name]
    assert named.make.factors_num_values == _SIZES[name]
    assert len(named.make.factor_names) == len(_SIZES[name])
    assert named.make.name == name
    assert named.source
    assert named.licence


def test_an_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(UserError, match=r"no data set 'dsprite'.*dsprites_full.*sprites"):
        get_named_ground_truth_data("dsprite")


def test_dummy_data_is_disentanglement_libs(dlib_data, same_draws):
    same_draws(DummyData(), dlib_data("dummy_data").DummyData())


def test_dummy_feed_is_noise_keyed_by_the_step():
    feed = get_named_ground_truth_data("dummy_data").feed()
    inputs = feed.batch((), 0, step_key(1, 2), 8)
    images, factors = inputs.images, inputs.factors
    np.testing.assert_array_equal(images, feed.batch((), 0, step_key(1, 2), 8).images)
    assert images.shape == (8, 64, 64, 1)
    assert factors.shape == (8, 10)
    np.testing.assert_allclose(np.mean(images), 0.5, atol=0.02)


@pytest.mark.parametrize("name", ["sprites", "rooms"])
def test_embedded_data_speaks_disentanglement_libs_protocol(name, dlib_data):
    data = get_named_ground_truth_data(name)
    util = dlib_data("util")
    theirs = util.SplitDiscreteStateSpace(_SIZES[name], list(range(len(_SIZES[name]))))
    factors, observations = data.sample(5, np.random.RandomState(3))
    np.testing.assert_array_equal(
        factors, theirs.sample_latent_factors(5, np.random.RandomState(3))
    )
    assert list(observations.shape[1:]) == data.observation_shape
    assert observations.dtype == np.float32
