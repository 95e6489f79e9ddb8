import numpy as np
import pytest
import tensorflow as tf

from tfdis.data.dsprites import DSprites
from tfdis.data.labelled import LabelledData
from tfdis.data.labels import select_labels
from tfdis.data.rooms import Rooms
from tfdis.data.shapes3d import Shapes3D
from tfdis.data.sprites import Sprites
from tfdis.errors import UserError


@pytest.fixture(scope="module")
def sprites():
    return Sprites()


@pytest.mark.parametrize("factors", [["shape", "scale"], [0, 1], ("shape", 1)])
def test_labels_by_index_or_name(sprites, factors):
    labels = select_labels(sprites, factors)
    assert labels.names == ("shape", "scale")
    assert labels.class_counts == (3, 6)
    one_hot = tf.function(labels.one_hot)(tf.constant([[2, 0, 9, 9, 9], [0, 5, 1, 1, 1]]))
    expected = np.zeros((2, 9))
    expected[0, [2, 3]] = expected[1, [0, 8]] = 1
    np.testing.assert_array_equal(one_hot, expected)


def test_one_label_alone(sprites):
    assert select_labels(sprites, "orientation").class_counts == (40,)
    assert select_labels(sprites, 3).names == ("x",)


def test_classes_have_the_names_of_the_values_or_numbers(sprites):
    assert select_labels(sprites, ["scale", "shape"]).groups == (
        ("scale", tuple(f"scale {value}" for value in range(6))),
        ("shape", ("square", "ellipse", "heart")),
    )


@pytest.mark.parametrize("data", [Sprites, DSprites, Rooms, Shapes3D])
def test_every_named_value_has_one_name(data):
    for factor, names in data.value_names.items():
        assert len(names) == data.factors_num_values[data.factor_names.index(factor)]
        assert len(set(names)) == len(names)


def test_rare_classes_weigh_more(sprites):
    factors = np.array([[0, 1], [0, 0], [0, 1], [1, 1]])
    data = LabelledData(np.zeros((4, 4, 4, 1), np.uint8), factors, ("smiling", "young"))
    labels = select_labels(data, ["young", "smiling"])
    np.testing.assert_allclose(labels.class_weights, [0.75, 0.25, 0.25, 0.75])
    np.testing.assert_allclose(select_labels(sprites, 0).class_weights, np.full(3, 2 / 3))


@pytest.mark.parametrize("factors", [["colour"], [5], [-1]])
def test_what_does_not_exist_is_told_with_what_does(sprites, factors):
    with pytest.raises(UserError, match="0 shape, 1 scale, 2 orientation, 3 x, 4 y"):
        select_labels(sprites, factors)


@pytest.mark.parametrize("factors", [[], ["x", 3]])
def test_none_or_the_same_twice_is_told(sprites, factors):
    with pytest.raises(UserError, match="different factors"):
        select_labels(sprites, factors)
