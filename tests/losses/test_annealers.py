import gin
import numpy as np
import pytest

from tfdis.config import register_all
from tfdis.errors import UserError
from tfdis.losses.annealers import make_annealer


def _values(anneal_fn, threshold, steps):
    register_all()
    gin.parse_config(
        [f"annealer.anneal_fn = @{anneal_fn}", f"annealer.iteration_threshold = {threshold}"]
    )
    weight = make_annealer(6.0)
    return [float(weight(step)) if callable(weight) else weight for step in steps]


STEPS = np.array([0, 1, 9, 10, 11, 50])


@pytest.mark.parametrize(
    ("anneal_fn", "expected"),
    [
        ("fixed", np.full(6, 6.0)),
        ("anneal", np.minimum(6.0, 6.0 * STEPS / 10)),
        ("fine_tune", 6.0 * np.minimum(1.0, np.maximum(0.0, STEPS - 10))),
    ],
)
def test_each_annealer_is_its_formula(anneal_fn, expected):
    np.testing.assert_allclose(_values(anneal_fn, 10, STEPS), expected, rtol=1e-6)


def test_a_line_needs_a_length():
    with pytest.raises(
        UserError, match=r"anneal\.iteration_threshold is 0: expected a whole number from 1 up"
    ):
        _values("anneal", 0, STEPS)
