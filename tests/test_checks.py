import functools
import inspect
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import gin
import keras
import numpy as np
import pytest
from annotated_types import Ge, Gt, Interval, Lt, MinLen
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule

from tfdis import config
from tfdis.checks import checked, contained, fits, in_words
from tfdis.errors import UserError


@pytest.mark.parametrize(
    ("annotation", "words", "right", "wrong"),
    [
        (
            Annotated[int, Ge(1)],
            "a whole number from 1 up",
            [1, np.int64(4), 10**30],
            [0, 1.5, 2.0, "16", True, None, np.float64(3), np.bool_(True)],
        ),
        (Annotated[int, Gt(1)], "a whole number from 2 up", [2], [1]),
        (Annotated[int, Interval(ge=0, le=9)], "a whole number from 0 to 9", [0, 9], [-1, 10]),
        (
            Annotated[float, Interval(gt=0, le=1)],
            "a number above 0 and up to 1",
            [1, 0.5, np.float32(0.5)],
            ["1", None, True, 0, 2, float("nan"), float("inf")],
        ),
        (Annotated[float, Ge(0), Lt(1)], "a number from 0 and below 1", [0, 0.9], [1, -0.1]),
        (
            Annotated[float, Ge(0)] | LearningRateSchedule,
            "a number from 0 up or a schedule",
            [1, CosineDecay(1.0, 3)],
            [-1, CosineDecay, None],
        ),
        (Literal["i", "ii"], "'i' or 'ii'", ["i"], ["iii", None, 1]),
        (
            Sequence[Annotated[int, Ge(1)]],
            "a list of whole numbers from 1 up",
            [(1, 2), [3], []],
            [3, "ab", [0], [True], None],
        ),
        (
            tuple[int, ...],
            "a list of whole numbers",
            [(1, 2), [3], []],
            [3, "ab", [1.5], {1: 2}, None],
        ),
        (list[float], "a list of numbers", [[1.5], (1, 2.5)], [1.5, "ab", ["a"], {1.5}, None]),
        (tuple, "a list", [(1, "a"), [1]], [1, "ab", None]),
        (
            Annotated[Sequence[int | str], MinLen(1)],
            "a list of whole numbers or strings, not empty",
            [["a", 1]],
            [[], "ab"],
        ),
        (
            Mapping[str, int] | None,
            "a dictionary from strings to whole numbers or None",
            [{"a": 1}, None],
            [{"a": 1.5}, {1: 1}, 3],
        ),
        (Callable[..., int], "a function", [print], [3, None, "print"]),
        (Annotated[Callable[..., int], "a way"], "a way", [print], [3]),
        (np.ndarray, "an array", [np.zeros(3)], [[1], None]),
        (keras.Model, "an object of the class Model", [keras.Model()], [keras.layers.Dense(1)]),
        (bool, "True or False", [True], [1, 0, None, "True"]),
        (Any, "anything", [None, 1], []),
    ],
)
def test_a_value_fits_or_not(annotation, words, right, wrong):
    assert in_words(annotation) == words
    assert all(fits(value, annotation) for value in right)
    assert not any(fits(value, annotation) for value in wrong)


def test_a_list_or_a_tuple_becomes_what_the_annotation_says():
    assert contained([3, 6], tuple[int, ...]) == (3, 6)
    assert contained((1, 2.5), list[float]) == [1, 2.5]
    assert contained([["a", [1, 2]]], tuple[tuple[str, tuple[int, int]], ...]) == (("a", (1, 2)),)
    assert contained([0.5], Annotated[tuple[float, ...], MinLen(1)] | None) == (0.5,)
    for value, annotation in (((1,), Sequence[int]), ([1], Any), ("ab", str), (None, tuple | None)):
        assert contained(value, annotation) == value


@checked
def area(width: Annotated[float, Gt(0)], height: Annotated[float, Gt(0)] = 2.0) -> float:
    """The area."""
    return width * height


def test_a_checked_function_is_still_itself():
    assert area(3) == area(width=3) == 6
    assert str(inspect.signature(area)).endswith("Gt(gt=0)] = 2.0) -> float")
    assert area.__doc__ == "The area."
    assert area.__name__ == "area"
    assert functools.partial(area, 3)(height=1) == 3
    assert pickle.loads(pickle.dumps(area)) is area
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        area(1, depth=3)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'width'"):
        area()


def test_a_checked_class_is_still_itself():
    @keras.saving.register_keras_serializable("tests")
    class Scale(keras.layers.Layer):
        def __init__(self, by: Annotated[float, Gt(0)], **kwargs: Any):
            super().__init__(**kwargs)
            self.by = by

        def get_config(self):
            return {**super().get_config(), "by": self.by}

    assert checked(Scale) is Scale
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(Scale(2.0, name="twice"))
    )
    assert type(again) is Scale
    assert (again.by, again.name) == (2.0, "twice")
    with pytest.raises(UserError, match=r"^Scale\.by is -1: expected a number above 0\.$"):
        Scale(-1)


def test_arguments_arrive_as_they_were_given():
    @checked
    def same(values: Sequence[float], table: Mapping[str, int], whole: int) -> tuple:
        return values, table, whole

    values, table, whole = (1, 2.0), {"a": 1}, np.int64(3)
    got = same(values, table, whole)
    assert got[0] is values
    assert got[1] is table
    assert got[2] is whole


def test_the_sentence_names_the_line_of_the_gin_file(tmp_path):
    included = tmp_path / "included.gin"
    included.write_text("# a comment\nshallow_fc_encoder.num_latent = 2\nbeta_vae.beta = 'four'\n")
    main = tmp_path / "main.gin"
    main.write_text(
        f"include '{included}'\n"
        "WIDTH = -1\n"
        "first/conv_encoder.width = %WIDTH\n"
        "fc_encoder:\n  num_latent = 3\n  layer_sizes = [10,\n    True]\n"
    )
    encoder = gin.get_configurable
    with (
        pytest.raises(UserError) as caught,
        config.parsed([str(main)]),
    ):
        encoder("beta_vae")()
    assert str(caught.value) == (
        f"beta_vae.beta is 'four' (bound in {included}, line 3): expected a number from 0 up."
    )
    with (
        pytest.raises(UserError, match=rf"width is -1 \(bound in {main}, line 3\): expected a num"),
        config.parsed([str(main)]),
    ):
        encoder("first/conv_encoder")(2, (64, 64, 1))
    with (
        pytest.raises(
            UserError, match=rf"is \[10, True\] \(bound in {main}, line 6\): expected a l"
        ),
        config.parsed([str(main)]),
    ):
        encoder("fc_encoder")(input_shape=(64, 64, 1))


def test_the_sentence_names_a_binding_and_tells_it_from_a_callers_value():
    conv_encoder = gin.get_configurable("conv_encoder")
    with (
        pytest.raises(UserError, match=r"width is 0 \(bound as conv_encoder.width\): expected"),
        config.parsed([], ["conv_encoder.width = 0"]),
    ):
        conv_encoder(2, (64, 64, 1))
    with (
        pytest.raises(UserError, match=r"conv_encoder\.width is -2: expected"),
        config.parsed([], ["conv_encoder.width = 0"]),
    ):
        conv_encoder(2, (64, 64, 1), width=-2)


def test_a_missing_binding_is_still_called_missing():
    with (
        pytest.raises(UserError, match=r"A gin binding is missing: .*beta_vae.*beta"),
        config.parsed(),
    ):
        gin.get_configurable("beta_vae")()
