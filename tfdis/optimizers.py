"""Optimizers by gin: those of the model and of its adversary, by Keras' names and by TF1's."""

from collections.abc import Callable
from typing import Any

import gin
import keras

from tfdis.config import configurable, external_configurable
from tfdis.schedules import as_schedule

Optimizer = keras.optimizers.Optimizer


@configurable("vae_optimizer")
def make_vae_optimizer(
    optimizer_fn: Callable[..., Optimizer] = gin.REQUIRED, learning_rate: Any = None
) -> Optimizer:
    """The optimizer of the model.

    Args:
        optimizer_fn: gives an optimizer.
        learning_rate: a number, a schedule, or a function from step to value; None leaves it to
            `optimizer_fn`.

    Example:
        In gin, as disentanglement_lib's files write it:

            vae_optimizer.optimizer_fn = @AdamOptimizer
            AdamOptimizer.learning_rate = 0.0001
    """
    return _make_optimizer(optimizer_fn, learning_rate)


@configurable("discriminator_optimizer")
def make_discriminator_optimizer(
    optimizer_fn: Callable[..., Optimizer] = gin.REQUIRED, learning_rate: Any = None
) -> Optimizer:
    """The optimizer of an adversary; arguments of `make_vae_optimizer`."""
    return _make_optimizer(optimizer_fn, learning_rate)


def _make_optimizer(optimizer_fn: Callable[..., Optimizer], learning_rate: Any) -> Optimizer:
    if learning_rate is None:
        return optimizer_fn()
    return optimizer_fn(learning_rate=as_schedule(learning_rate))


@configurable("AdamOptimizer")
def adam(
    learning_rate: Any = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    use_locking: bool = False,
    name: str = "Adam",
) -> Optimizer:
    """TF1's Adam, which Keras' is but for the default of epsilon; `use_locking` has no meaning."""
    del use_locking
    return keras.optimizers.Adam(as_schedule(learning_rate), beta1, beta2, epsilon, name=name)


@configurable("GradientDescentOptimizer")
def gradient_descent(
    learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent"
) -> Optimizer:
    """TF1's gradient descent."""
    del use_locking
    return keras.optimizers.SGD(as_schedule(learning_rate), name=name)


@configurable("MomentumOptimizer")
def momentum(
    learning_rate: Any,
    momentum: float,
    use_locking: bool = False,
    name: str = "Momentum",
    use_nesterov: bool = False,
) -> Optimizer:
    """TF1's momentum: accumulates gradients, then multiplies by the learning rate.

    Keras multiplies first, so a learning rate that changes acts on the next gradient alone; with a
    constant one the two are the same.
    """
    del use_locking
    return keras.optimizers.SGD(as_schedule(learning_rate), momentum, use_nesterov, name=name)


@configurable("AdagradOptimizer")
def adagrad(
    learning_rate: Any,
    initial_accumulator_value: float = 0.1,
    use_locking: bool = False,
    name: str = "Adagrad",
) -> Optimizer:
    """TF1's Adagrad."""
    del use_locking
    return keras.optimizers.Adagrad(
        as_schedule(learning_rate), initial_accumulator_value, epsilon=0.0, name=name
    )


@configurable("AdadeltaOptimizer")
def adadelta(
    learning_rate: Any = 0.001,
    rho: float = 0.95,
    epsilon: float = 1e-8,
    use_locking: bool = False,
    name: str = "Adadelta",
) -> Optimizer:
    """TF1's Adadelta."""
    del use_locking
    return keras.optimizers.Adadelta(as_schedule(learning_rate), rho, epsilon, name=name)


@configurable("RMSPropOptimizer")
def rmsprop(
    learning_rate: Any,
    decay: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-10,
    use_locking: bool = False,
    centered: bool = False,
    name: str = "RMSProp",
) -> Optimizer:
    """TF1's RMSProp, whose mean of squares starts at one where Keras' starts at zero."""
    del use_locking
    return keras.optimizers.RMSprop(
        as_schedule(learning_rate), decay, momentum, epsilon, centered, name=name
    )


@configurable("FtrlOptimizer")
def ftrl(
    learning_rate: Any,
    learning_rate_power: float = -0.5,
    initial_accumulator_value: float = 0.1,
    l1_regularization_strength: float = 0.0,
    l2_regularization_strength: float = 0.0,
    use_locking: bool = False,
    name: str = "Ftrl",
) -> Optimizer:
    """TF1's FTRL."""
    del use_locking
    return keras.optimizers.Ftrl(
        as_schedule(learning_rate),
        learning_rate_power,
        initial_accumulator_value,
        l1_regularization_strength,
        l2_regularization_strength,
        name=name,
    )


for _name in dir(keras.optimizers):
    _thing = getattr(keras.optimizers, _name)
    if isinstance(_thing, type) and issubclass(_thing, Optimizer) and _thing is not Optimizer:
        external_configurable(_thing, name=_name)
