import gin
import numpy as np
import pytest

from tfdis.config import register_all
from tfdis.data.dummy_data import DummyData
from tfdis.data.rooms import Rooms
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.keys import step_key
from tfdis.reasoning.panels import Panels, get_pgm_dataset


@pytest.fixture(scope="module")
def rooms():
    return Rooms()


def test_quantized_values_are_disentanglement_libs(rooms, dlib15_path):
    pgm_data = disentanglement_lib(dlib15_path).module("evaluation.abstract_reasoning.pgm_data")
    sizes = [10, 10, 10, 4, 4, 4]
    theirs = pgm_data.Quantizer(rooms, sizes)
    values = np.random.RandomState(0).randint(sizes, size=(2, 6, 6))
    ours = Panels(rooms, sizes).images(values, np.random.RandomState(1))
    assert ours.shape == (2, 6, 64, 64, 3)
    expected = theirs.sample_observations_from_factors(values.reshape(12, 6), None)
    np.testing.assert_array_equal(ours.reshape(expected.shape), expected)


def _bound(pgm_type, name="rooms"):
    register_all()
    gin.bind_parameter("dataset.name", name)
    return get_pgm_dataset(pgm_type=pgm_type)


@pytest.mark.parametrize(
    ("pgm_type", "numbers"),
    [("easy1", {1}), ("easy_2", {2}), ("hard_3", {3}), ("hard_mixed", {1, 2, 3})],
)
def test_the_type_names_alternatives_and_relations(pgm_type, numbers):
    panels, rules = _bound(pgm_type)
    assert panels.num_values == (10, 10, 10, 4, 4, 4)
    drawn = rules.draw(step_key(0, 0), 50)
    assert set(np.sum(drawn.related, axis=1)) == numbers
    solution = np.asarray(drawn.panels)[:, -1, -1]
    changed = np.asarray(drawn.answers) != solution[:, None]
    broken = np.sum(changed & np.asarray(drawn.related)[:, None], axis=-1).max()
    assert broken == (1 if pgm_type.startswith("hard") else max(numbers))


def test_other_data_take_at_most_ten_values():
    panels, _ = _bound("easy1", "dummy_data")
    assert panels.num_values == tuple(DummyData().factors_num_values)


@pytest.mark.parametrize("pgm_type", ["easy", "easy4", "medium1", "hard_mixes"])
def test_another_type_is_told(pgm_type):
    with pytest.raises(UserError, match=rf"such as 'easy_mixed', not '{pgm_type}'"):
        get_pgm_dataset(pgm_type=pgm_type)


@pytest.mark.parametrize("num_values", [(3, 3, 3), (4, 3, 3, 4, 4)])
def test_numbers_that_do_not_fit_are_told(num_values):
    with pytest.raises(UserError, match="a number for each factor of 'sprites'"):
        Panels(Sprites(), num_values)
