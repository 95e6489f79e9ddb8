"""Wrong values given to `tfdis.score`, `tfdis.evaluate` and `tfdis.load`, and what is said."""

import numpy as np
import pytest

import tfdis
from tfdis.data.dummy_data import DummyData
from tfdis.errors import UserError

_FACTORS = np.arange(200)[:, None] % [3, 4]
_CODES = _FACTORS + np.random.default_rng(0).normal(size=(200, 2))

_METRICS = {
    "There is no metric 'mgi'; there are: .*mig": "mgi",
    "There is no metric 'm'; ": "m",
    r"There is no metric '\.\./vae'; ": "../vae",
    "There is no metric 'metrics/mig'; ": ["metrics/mig"],
    "Name a metric at least": [],
    r"\.metrics is 3: expected a string or a list of strings": 3,
    r"\.metrics is \['mig', 3\]: expected a string or a list of strings": ["mig", 3],
    r"\.metrics is None: expected a string or a list of strings": None,
}
_WRONG = [
    ({"gin_bindings": "mig.num_train = 5"}, "gin_bindings is .*: expected a list of strings"),
    ({"gin_bindings": ["mig.num_train = 0"]}, r"mig\.num_train is 0 .*a whole number from 1 up"),
    ({"gin_bindings": ["mig.num_trian = 5"]}, "num_trian"),
    ({"gin_bindings": ["num_train"]}, "num_train: Couldn't parse"),
    ({"verbose": 1}, "verbose is 1: expected True or False"),
    ({"factor_names": "shape"}, "factor_names is 'shape': expected a list of strings"),
    ({"codes": None}, "codes"),
    ({"codes": "codes"}, "codes"),
    ({"codes": _CODES[:5]}, "5"),
    ({"codes": np.full_like(_CODES, np.nan)}, "finite|NaN|nan"),
]


def _score(**changed):
    given = {"codes": _CODES, "factors": _FACTORS, "metrics": "mig", **changed}
    return tfdis.score(**given)


def _evaluate(metrics):
    return tfdis.evaluate(lambda images: images[:, :2, 0, 0], DummyData(), metrics, verbose=False)


@pytest.mark.parametrize("call", [lambda name: _score(metrics=name), _evaluate])
@pytest.mark.parametrize(("says", "metrics"), _METRICS.items())
def test_metrics_that_are_none(call, says, metrics):
    with pytest.raises(UserError, match=says):
        call(metrics)


@pytest.mark.parametrize(("changed", "says"), _WRONG)
def test_wrong_values_of_score(changed, says):
    with pytest.raises(UserError, match=says):
        _score(**changed)


def test_the_name_of_a_metric_does_for_a_list_of_one():
    scores = _score(metrics="mig")["mig"]["discrete_mig"], _score(metrics=["mig"])["mig"]
    assert scores[0] == scores[1]["discrete_mig"]


def test_a_binding_that_no_metric_uses_is_told(capsys):
    _score(gin_bindings=["mig.num_train = 100", "irs.num_train = 100"])
    assert "warning: nothing uses irs.num_train: leave it out" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["nowhere", "", "/dev/null"])
def test_a_model_that_is_none(path):
    with pytest.raises(UserError):
        tfdis.load(path)
