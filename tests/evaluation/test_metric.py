import sys

import numpy as np
import pytest
from tables import SIZES, IndexImages, lookup, tables

import tfdis.metrics
from tfdis.errors import UserError
from tfdis.evaluation.metric import metric_named
from tfdis.evaluation.scoring import evaluate, score
from tfdis.metrics.metric import all_metrics

_ONE_FILE = '''
from tfdis.metrics.metric import metric


@metric
def mean_code(source, random_state, num=99):
    """The mean of all codes."""
    codes, factors = source.points(num, random_state)
    return {"mean_code": codes.mean()}
'''


def test_a_new_metric_is_one_file(tmp_path, monkeypatch):
    (tmp_path / "mean_code.py").write_text(_ONE_FILE)
    path = [*tfdis.metrics.__path__, str(tmp_path)]
    monkeypatch.setattr(tfdis.metrics, "__path__", path)
    data, codes = IndexImages(SIZES), tables()["entangled"]
    found = evaluate(lookup(codes), data, ["mean_code"], ["mean_code.num = 5000"], verbose=False)
    assert found["mean_code"]["mean_code"] == pytest.approx(codes.mean(), abs=0.1)
    factors = data.factors(np.arange(data.num_images))
    found = score(codes, factors, ["mean_code"], gin_bindings=["mean_code.num = 5000"])
    assert found["mean_code"]["mean_code"] == pytest.approx(codes.mean(), abs=0.1)
    del sys.modules["tfdis.metrics.mean_code"], tfdis.metrics.mean_code
    # For good: what monkeypatch deletes, it puts back.
    del all_metrics.__globals__["_METRICS"]["mean_code"]


def test_names_are_those_of_disentanglement_lib():
    theirs = {
        "mig",
        "dci",
        "sap_score",
        "irs",
        "factor_vae_score",
        "beta_vae_sklearn",
        "modularity_explicitness",
        "unsupervised_metrics",
        "downstream_task",
        "reduced_downstream_task",
        "strong_downstream_task",
        "fairness",
        "unified_scores",
    }
    assert theirs <= set(all_metrics())
    with pytest.raises(UserError, match=r"no metric 'mgi'; there are: .*mig"):
        metric_named("mgi")


@pytest.mark.parametrize("name", sorted(all_metrics()))
def test_every_metric_says_what_it_is(name):
    assert metric_named(name).__doc__.count("\n") > 3
    assert metric_named(name).__name__ == name
