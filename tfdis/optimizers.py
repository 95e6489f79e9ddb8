"""Optimizers by gin: those of the model and of its adversary, by Keras' names and by TF1's."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import gin
import keras
from annotated_types import Interval, Le
from keras.optimizers.schedules import LearningRateSchedule

from tfdis.checks import Count, Index, NotNegative, Positive
from tfdis.config import configurable, external_configurable
from tfdis.schedules import as_schedule, resolve
from tfdis.tf1_schedules import is_tf1_schedule

Optimizer = keras.optimizers.Optimizer
Decay = Annotated[float, Interval(ge=0, le=1)]  # what a running mean keeps of its last value
Rate = NotNegative | LearningRateSchedule | Callable[[Any], Any]


@configurable("vae_optimizer")
def make_vae_optimizer(
    optimizer_fn: Callable[..., Optimizer] = gin.REQUIRED, learning_rate: Rate | None = None
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
    optimizer_fn: Callable[..., Optimizer] = gin.REQUIRED, learning_rate: Rate | None = None
) -> Optimizer:
    """The optimizer of an adversary; arguments of `make_vae_optimizer`."""
    return _make_optimizer(optimizer_fn, learning_rate)


def _make_optimizer(
    optimizer_fn: Callable[..., Optimizer], learning_rate: Rate | None
) -> Optimizer:
    if learning_rate is None:
        return optimizer_fn()
    if is_tf1_schedule(learning_rate):
        learning_rate = learning_rate()
    return optimizer_fn(learning_rate=as_schedule(learning_rate))


@configurable("AdamOptimizer")
def adam(
    learning_rate: Rate = 0.001,
    beta1: Decay = 0.9,
    beta2: Decay = 0.999,
    epsilon: NotNegative = 1e-8,
    use_locking: bool = False,
    name: str = "Adam",
) -> Optimizer:
    """TF1's Adam, which Keras' is but for the default of epsilon; `use_locking` has no meaning."""
    del use_locking
    return keras.optimizers.Adam(as_schedule(learning_rate), beta1, beta2, epsilon, name=name)


@configurable("weight_decay_optimizer")
def adam_with_weight_decay(
    learning_rate: Rate = 0.001, weight_decay: NotNegative = 0.01, name: str = "AdamW"
) -> Optimizer:
    """AdamW (Loshchilov and Hutter, 2019) that leaves biases, offsets and codebooks alone.

    Args:
        learning_rate: a number, a schedule, or a function from step to value.
        weight_decay: what part of a kernel each update takes away, times the learning rate.
        name: of the optimizer.
    """
    optimizer = keras.optimizers.AdamW(as_schedule(learning_rate), weight_decay, name=name)
    optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "codebooks"])
    return optimizer


@configurable("GradientDescentOptimizer")
def gradient_descent(
    learning_rate: Rate, use_locking: bool = False, name: str = "GradientDescent"
) -> Optimizer:
    """TF1's gradient descent."""
    del use_locking
    return keras.optimizers.SGD(as_schedule(learning_rate), name=name)


@configurable("MomentumOptimizer")
def momentum(
    learning_rate: Rate,
    momentum: Decay,
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
    learning_rate: Rate,
    initial_accumulator_value: NotNegative = 0.1,
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
    learning_rate: Rate = 0.001,
    rho: Decay = 0.95,
    epsilon: NotNegative = 1e-8,
    use_locking: bool = False,
    name: str = "Adadelta",
) -> Optimizer:
    """TF1's Adadelta."""
    del use_locking
    return keras.optimizers.Adadelta(as_schedule(learning_rate), rho, epsilon, name=name)


@configurable("RMSPropOptimizer")
def rmsprop(
    learning_rate: Rate,
    decay: Decay = 0.9,
    momentum: Decay = 0.0,
    epsilon: NotNegative = 1e-10,
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
    learning_rate: Rate,
    learning_rate_power: Annotated[float, Le(0)] = -0.5,
    initial_accumulator_value: NotNegative = 0.1,
    l1_regularization_strength: NotNegative = 0.0,
    l2_regularization_strength: NotNegative = 0.0,
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


def schedule_of(optimizer: Optimizer) -> LearningRateSchedule | None:
    """The schedule that an optimizer's learning rate follows; None where it is a number."""
    # Keras' property gives the rate of the current step; no public name gives the schedule itself.
    rate = getattr(optimizer, "inner_optimizer", optimizer)._learning_rate
    return rate if isinstance(rate, LearningRateSchedule) else None


def resolve_learning_rate(optimizer: Optimizer, steps_per_epoch: int) -> None:
    """Tells a schedule by epoch that the learning rate follows how long an epoch is."""
    resolve(schedule_of(optimizer), steps_per_epoch)


_KERAS_PARAMETERS = {
    "learning_rate": Rate,
    "name": str | None,
    **dict.fromkeys(
        ("rho", "momentum", "beta_1", "beta_2", "adam_beta_1", "adam_beta_2", "ema_momentum"), Decay
    ),
    **dict.fromkeys(
        (
            "beta",
            "epsilon",
            "epsilon_1",
            "epsilon_2",
            "initial_accumulator_value",
            "rms_rate",
            "adam_lr_ratio",
            "l1_regularization_strength",
            "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
            "clip_threshold",
        ),
        NotNegative,
    ),
    **dict.fromkeys(("weight_decay", "adam_weight_decay"), NotNegative | None),
    **dict.fromkeys(
        ("clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"),
        Positive | None,
    ),
    **dict.fromkeys(("gradient_accumulation_steps", "ema_overwrite_frequency"), Count | None),
    **dict.fromkeys(("warmup_steps", "ns_steps"), Index),
    **dict.fromkeys(("muon_a", "muon_b", "muon_c"), float),
    **dict.fromkeys(("learning_rate_power", "beta_2_decay"), Annotated[float, Le(0)]),
    **dict.fromkeys(
        ("amsgrad", "centered", "nesterov", "relative_step", "use_ema", "exclude_embeddings"), bool
    ),
    "exclude_layers": Sequence[str] | None,
    "inner_optimizer": Optimizer,
    "initial_scale": Positive,
    "dynamic_growth_steps": Count,
}
_NOT_BY_GIN = ("Optimizer", "MultiOptimizer")  # the second maps variables, which are not yet there
for _name in dir(keras.optimizers):
    _thing = getattr(keras.optimizers, _name)
    if isinstance(_thing, type) and issubclass(_thing, Optimizer) and _name not in _NOT_BY_GIN:
        external_configurable(_thing, _name, _KERAS_PARAMETERS)
