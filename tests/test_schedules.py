import json

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import schedules
from tfdis.errors import UserError

STEPS = np.arange(0, 260)


def clip(values):
    return np.clip(values, 0, 1)


# Each schedule beside its formula in numpy.
CASES = {
    "linear": (schedules.LinearSchedule(0.1, 0.7, 100), 0.1 + 0.6 * clip(STEPS / 100)),
    "linear_later": (
        schedules.LinearSchedule(2.0, -1.0, 50, start=30),
        2.0 - 3.0 * clip((STEPS - 30) / 50),
    ),
    "cosine": (
        schedules.CosineSchedule(1e-3, 1e-5, 200),
        1e-5 + (1e-3 - 1e-5) * 0.5 * (1 + np.cos(np.pi * clip(STEPS / 200))),
    ),
    "cyclical": (
        schedules.CyclicalAnnealing(0.0, 4.0, 80, rise=0.25),
        4.0 * np.minimum((STEPS % 80) / 20, 1),
    ),
    "triangular": (
        schedules.Triangular(1.0, 3.0, 50),
        1.0 + 2.0 * (1 - np.abs(2 * (STEPS % 50) / 50 - 1)),
    ),
    "triangular2": (
        schedules.Triangular(1.0, 3.0, 50, decay=0.5),
        1.0 + 2.0 * 0.5 ** (STEPS // 50) * (1 - np.abs(2 * (STEPS % 50) / 50 - 1)),
    ),
    "piecewise": (
        schedules.Piecewise([10, 60, 100], [5.0, 1.0, 2.0]),
        np.interp(STEPS, [10, 60, 100], [5.0, 1.0, 2.0]),
    ),
    "piecewise_constant": (
        schedules.Piecewise([10, 60, 100], [5.0, 1.0, 2.0], "constant"),
        np.array([5.0, 1.0, 2.0])[
            np.clip(np.searchsorted([10, 60, 100], STEPS, "right") - 1, 0, 2)
        ],
    ),
    "exponential": (schedules.Exponential(0.5, 0.9, 10), 0.5 * 0.9 ** (STEPS / 10)),
    "step": (schedules.Step(1.0, 0.1, 30, floor=1e-4), np.maximum(0.1 ** (STEPS // 30), 1e-4)),
    "multi_step": (
        schedules.MultiStep(1.0, 0.5, [20, 90]),
        0.5 ** ((STEPS >= 20).astype(float) + (STEPS >= 90)),
    ),
    "by_epoch": (
        schedules.ByEpoch(schedules.MultiStep(1.0, 0.5, [2, 9]), steps_per_epoch=10),
        0.5 ** ((STEPS >= 20).astype(float) + (STEPS >= 90)),
    ),
    "by_whole_epoch": (
        schedules.ByEpoch(schedules.LinearSchedule(0.0, 1.0, 4), 25, whole=True),
        clip((STEPS // 25) / 4),
    ),
    "keras_by_epoch": (
        schedules.ByEpoch(keras.optimizers.schedules.ExponentialDecay(1.0, 2, 0.5), 10),
        0.5 ** (STEPS / 20),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_formula(name):
    schedule, expected = CASES[name]
    values = [float(schedule(step)) for step in STEPS]
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_in_a_graph_on_an_int64_step(name, jit_compile):
    schedule, expected = CASES[name]
    graph = tf.function(schedule, jit_compile=jit_compile)
    for step in (0, 25, 100, 259):
        value = graph(tf.constant(step, tf.int64))
        assert value.dtype == tf.float32
        np.testing.assert_allclose(value, expected[step], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_serialization_through_json(name):
    schedule, expected = CASES[name]
    text = json.dumps(keras.saving.serialize_keras_object(schedule))
    again = keras.saving.deserialize_keras_object(json.loads(text), safe_mode=True)
    assert type(again) is type(schedule)
    np.testing.assert_allclose(float(again(77)), expected[77], rtol=1e-5)


@pytest.mark.parametrize("kind", [schedules.LinearSchedule, schedules.CosineSchedule])
def test_ends_are_exact(kind):
    random = np.random.default_rng(0)
    for initial, final in random.normal(size=(50, 2)).astype(np.float32):
        schedule = kind(float(initial), float(final), num_steps=3000)
        assert float(schedule(0)) == initial
        assert float(schedule(3000)) == final
        assert float(schedule(2**31)) == final


def test_piecewise_meets_its_values_exactly():
    schedule = schedules.Piecewise([0, 7, 30], [0.1, 0.7, 0.3])
    assert [float(schedule(step)) for step in (0, 7, 30, 99)] == [
        float(np.float32(value)) for value in (0.1, 0.7, 0.3, 0.3)
    ]


def test_epochs_are_resolved_when_training_begins():
    schedule = schedules.ByEpoch(schedules.LinearSchedule(0.0, 1.0, num_steps=2))
    with pytest.raises(UserError, match="steps_per_epoch"):
        schedule(0)
    schedules.resolve(schedule, 50)
    assert float(schedule(50)) == 0.5
    schedules.resolve(schedule, 70)  # given already: stays
    assert float(schedule(50)) == 0.5
    schedules.resolve(0.1, 50)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: schedules.LinearSchedule(0, 1, 0),
            "LinearSchedule.num_steps is 0: expected a whole number from 1 up",
        ),
        (lambda: schedules.Piecewise([3, 2], [0.0, 1.0]), "ascending steps"),
        (lambda: schedules.Piecewise([3], [0.0, 1.0]), "as many steps as values"),
        (lambda: schedules.Piecewise([3], [0.0], "cubic"), "'linear' or 'constant'"),
        (
            lambda: schedules.CyclicalAnnealing(0, 1, 10, rise=0.0),
            "rise is 0.0: expected a number above 0 and up to 1",
        ),
        (lambda: schedules.Triangular(0, 1, 0), "period is 0: expected"),
    ],
)
def test_errors_name_the_schedule_and_what_it_needs(make, message):
    with pytest.raises(UserError, match=message):
        make()


@gin.configurable(module="tests")
@keras.saving.register_keras_serializable("tests")
def square_root_decay(step, scale=1.0):
    return scale / tf.sqrt(1.0 + tf.cast(step, tf.float32))


def test_any_function():
    schedule = schedules.as_schedule(square_root_decay)
    assert float(schedule(3)) == 0.5
    assert schedules.as_schedule(schedule) is schedule
    assert schedules.as_schedule(0.25) == 0.25


def test_gin_makes_ours_and_keras_schedules():
    gin.parse_config(
        """
        ours/LinearSchedule.initial = 0.0
        ours/LinearSchedule.final = 25.0
        ours/LinearSchedule.num_steps = 2000
        CosineDecay.initial_learning_rate = 1.0
        CosineDecay.decay_steps = 10
        ByEpoch.schedule = @ours/LinearSchedule()
        ByEpoch.steps_per_epoch = 10
        use.values = (@ours/LinearSchedule(), @CosineDecay(), @ByEpoch())
    """,
        skip_unknown=["use"],
    )
    values = gin.query_parameter("ByEpoch.schedule")
    assert values is not None
    ours = gin.get_configurable("ours/LinearSchedule")()
    assert type(ours) is schedules.LinearSchedule
    assert float(ours(1000)) == 12.5
    assert float(gin.get_configurable("CosineDecay")()(10)) == 0.0
    assert float(gin.get_configurable("ByEpoch")()(10000)) == 12.5


def test_keras_schedules_are_all_there():
    names = [
        name
        for name, thing in vars(keras.optimizers.schedules).items()
        if isinstance(thing, type) and name != "LearningRateSchedule"
    ]
    assert len(names) >= 6
    for name in names:
        assert gin.get_configurable(name)


def test_an_optimizer_follows_a_schedule():
    optimizer = keras.optimizers.SGD(schedules.Step(1.0, 0.5, num_steps=2))
    variable = keras.Variable(0.0)
    optimizer.build([variable])
    for _ in range(4):
        optimizer.apply([tf.constant(-1.0)], [variable])
    assert float(variable) == 1.0 + 1.0 + 0.5 + 0.5
