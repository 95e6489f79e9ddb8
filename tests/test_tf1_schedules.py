"""TF1's learning rates by their gin names, against TF1's own functions."""

import gin
import numpy as np
import pytest
import tensorflow as tf

from tfdis import config
from tfdis.errors import UserError
from tfdis.optimizers import make_vae_optimizer

_DECAY = {"learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}
_CASES = [
    *((name, {**_DECAY, "staircase": staircase})
      for name in ("exponential_decay", "natural_exp_decay", "inverse_time_decay")
      for staircase in (False, True)),
    ("polynomial_decay", {"learning_rate": 0.1, "decay_steps": 7}),
    ("polynomial_decay", {"learning_rate": 0.1, "decay_steps": 7, "end_learning_rate": 0.01,
                          "power": 2.0, "cycle": True}),
    ("piecewise_constant", {"boundaries": [3, 8], "values": [0.1, 0.02, 0.003]}),
]  # fmt: skip


@pytest.mark.parametrize("module", ["", "tf.train."])
@pytest.mark.parametrize("call", ["", "()"])
@pytest.mark.parametrize(("name", "arguments"), _CASES, ids=lambda value: str(value)[:40])
def test_the_values_are_tf1s(name, arguments, module, call):
    bindings = [f"{module}{name}.{key} = {value!r}" for key, value in arguments.items()]
    bindings += [
        f"vae_optimizer.learning_rate = @{module}{name}{call}",
        "vae_optimizer.optimizer_fn = @AdamOptimizer",
    ]
    with config.parsed(gin_bindings=bindings):
        schedule = make_vae_optimizer()._learning_rate
    theirs = getattr(tf.compat.v1.train, name)
    for step in range(20):
        first = {"x": step} if name == "piecewise_constant" else {"global_step": step}
        expected = theirs(**first, **arguments)()
        np.testing.assert_allclose(schedule(step), expected, rtol=2e-6, err_msg=str(step))


@pytest.mark.parametrize(
    ("boundaries", "values"), [([3, 8], [0.1, 0.2]), ([8, 3], [1.0, 2.0, 3.0]), ([], [1.0])]
)
def test_pieces_that_do_not_fit_are_told(boundaries, values):
    bindings = [f"p/piecewise_constant.boundaries = {boundaries}",
                f"p/piecewise_constant.values = {values}",
                "vae_optimizer.learning_rate = @p/piecewise_constant()"]  # fmt: skip
    bindings.append("vae_optimizer.optimizer_fn = @AdamOptimizer")
    with config.parsed(gin_bindings=bindings), pytest.raises(UserError, match="boundaries"):
        make_vae_optimizer()
    gin.clear_config()
