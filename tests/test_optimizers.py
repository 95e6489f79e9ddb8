import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis import optimizers, schedules

ADAM_AS_DLIB_WRITES_IT = """
vae_optimizer.optimizer_fn = @AdamOptimizer
AdamOptimizer.beta1 = 0.8
AdamOptimizer.beta2 = 0.99
AdamOptimizer.epsilon = 1e-05
AdamOptimizer.learning_rate = 0.0003
AdamOptimizer.name = 'Adam'
AdamOptimizer.use_locking = False
discriminator_optimizer.optimizer_fn = @discriminator/AdamOptimizer
discriminator/AdamOptimizer.beta1 = 0.5
"""


def test_dlibs_adam_and_the_discriminators_own():
    gin.parse_config(ADAM_AS_DLIB_WRITES_IT)
    adam = optimizers.make_vae_optimizer().get_config()
    assert adam["beta_1"] == 0.8
    assert adam["beta_2"] == 0.99
    assert adam["epsilon"] == 1e-5
    np.testing.assert_allclose(adam["learning_rate"], 3e-4, rtol=1e-6)
    assert optimizers.make_discriminator_optimizer().get_config()["beta_1"] == 0.5


def test_learning_rate_beside_the_optimizer():
    gin.parse_config("""
        vae_optimizer.optimizer_fn = @GradientDescentOptimizer
        vae_optimizer.learning_rate = 0.25
    """)
    assert float(optimizers.make_vae_optimizer().learning_rate) == 0.25


def test_learning_rate_by_a_schedule_and_by_a_function():
    gin.parse_config("""
        vae_optimizer.optimizer_fn = @AdamOptimizer
        vae_optimizer.learning_rate = @LinearSchedule()
        LinearSchedule.initial = 1.0
        LinearSchedule.final = 0.0
        LinearSchedule.num_steps = 4
        discriminator_optimizer.optimizer_fn = @RMSPropOptimizer
        discriminator_optimizer.learning_rate = @halving
        halving.base = 0.5
    """)
    optimizer = optimizers.make_vae_optimizer()
    assert float(optimizer.learning_rate) == 1.0
    optimizer.iterations.assign(3)
    assert float(optimizer.learning_rate) == 0.25
    other = optimizers.make_discriminator_optimizer()
    other.iterations.assign(2)
    assert float(other.learning_rate) == 0.25


@gin.configurable(module="tests")
def halving(step, base=1.0):
    return base ** tf.cast(step, tf.float32)


def test_keras_optimizers_by_name():
    names = [
        name
        for name, thing in vars(keras.optimizers).items()
        if isinstance(thing, type) and issubclass(thing, keras.optimizers.Optimizer)
    ]
    assert len(names) > 10
    for name in set(names) - {"Optimizer", "MultiOptimizer"}:
        assert gin.get_configurable(name)
    gin.parse_config("vae_optimizer.optimizer_fn = @AdamW\nAdamW.weight_decay = 0.125")
    assert optimizers.make_vae_optimizer().weight_decay == 0.125
    assert isinstance(optimizers.make_vae_optimizer(), keras.optimizers.AdamW)


TF1_OPTIMIZERS = {
    "AdamOptimizer": {"learning_rate": 0.1},
    "GradientDescentOptimizer": {"learning_rate": 0.1},
    "MomentumOptimizer": {"learning_rate": 0.1, "momentum": 0.9, "use_nesterov": True},
    "AdagradOptimizer": {"learning_rate": 0.1},
    "AdadeltaOptimizer": {"learning_rate": 0.1},
    "FtrlOptimizer": {"learning_rate": 0.1, "l1_regularization_strength": 0.01},
}


def _tf1s_variable(name):
    """A variable after ten updates by TensorFlow 1's own optimizer."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.Variable([1.0, -2.0, 0.5])
        loss = tf.reduce_sum(tf.square(variable - [0.0, 1.0, 2.0]) * [1.0, 0.1, 3.0])
        update = getattr(v1.train, name)(**TF1_OPTIMIZERS[name]).minimize(loss)
        session.run(v1.global_variables_initializer())
        for _ in range(10):
            session.run(update)
        return session.run(variable)


@pytest.mark.parametrize("name", TF1_OPTIMIZERS)
def test_updates_are_tf1s(name):
    optimizer = gin.get_configurable(name)(**TF1_OPTIMIZERS[name])
    variable = keras.Variable([1.0, -2.0, 0.5])
    optimizer.build([variable])
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(variable - [0.0, 1.0, 2.0]) * [1.0, 0.1, 3.0])
        optimizer.apply(tape.gradient(loss, [variable.value]), [variable])
    np.testing.assert_allclose(variable.numpy(), _tf1s_variable(name), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scaled", [False, True])
def test_a_rate_by_epoch_learns_the_epochs_length(scaled):
    rate = schedules.ByEpoch(schedules.LinearSchedule(1.0, 0.0, num_steps=4))
    optimizer = keras.optimizers.Adam(schedules.Scaled(rate, 0.5) if scaled else rate)
    optimizers.resolve_learning_rate(optimizer, steps_per_epoch=10)
    optimizer.iterations.assign(30)
    assert float(optimizer.learning_rate) == (0.125 if scaled else 0.25)


def test_an_optimizer_with_a_schedule_round_trips():
    optimizer = keras.optimizers.Adam(schedules.LinearSchedule(1.0, 0.0, 4))
    config = keras.saving.serialize_keras_object(optimizer)
    again = keras.saving.deserialize_keras_object(config)
    again.iterations.assign(1)
    assert float(again.learning_rate) == 0.75
