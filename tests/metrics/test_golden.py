"""The golden tables: numbers that disentanglement_lib wrote, of fixed codes and factors."""

import json
from pathlib import Path

import numpy as np
import pytest

import tfdis.metrics
from tfdis.metrics.predictor import logistic_regression_cv

_FOLDER = Path(__file__).parents[1] / "golden"
_SCORES = json.loads((_FOLDER / "scores.json").read_text())
_GROUPS = json.loads((_FOLDER / "groups.json").read_text())
_TRAIN = 400


def table(kind):
    rows = np.loadtxt(_FOLDER / f"{kind}.csv", delimiter=",", skiprows=1)
    return rows[:, :4], rows[:, 4:].astype(int)


def of_groups(name, codes):
    groups = codes[np.array(_GROUPS[name]["rows"])]
    fixed = np.array(_GROUPS[name]["fixed"])
    if name == "beta_vae_sklearn":  # one set of points after the other
        groups = groups.reshape(len(fixed), 2, *groups.shape[1:])
    train = slice(0, _GROUPS["num_train"])
    test = slice(_GROUPS["num_train"], None)
    return groups[train], fixed[train], groups[test], fixed[test]


def scored(name, codes, factors):
    np.random.seed(0)
    function = getattr(tfdis.metrics, name)
    train, test = (codes[:_TRAIN], factors[:_TRAIN]), (codes[_TRAIN:], factors[_TRAIN:])
    if name == "factor_vae_score":
        return function(*of_groups(name, codes), codes=codes[:_TRAIN])
    if name == "beta_vae_sklearn":
        return function(*of_groups(name, codes))
    if name == "unsupervised_metrics":
        return function(codes[:_TRAIN])
    if name == "downstream_task":
        found = function(*train, *test, make_predictor=logistic_regression_cv)
        return {f"{_TRAIN}:{score}": value for score, value in found.items()}
    if name in ("sap_score", "dci"):  # the original draws from numpy's global state
        return function(*train, *test, random_state=None)
    return function(*train, *(test if name in ("modularity_explicitness", "dci_es") else ()))


@pytest.mark.parametrize("kind", _SCORES)
@pytest.mark.parametrize("name", _SCORES["perfect"])
def test_ours_are_the_golden_numbers(kind, name):
    golden = _SCORES[kind][name]
    found = scored(name, *table(kind))
    for score, value in golden["scores"].items():
        assert found[score] == pytest.approx(value, abs=golden["tolerance"]), score


def test_the_original_wrote_what_it_has():
    by = {name: entry["by"] for name, entry in _SCORES["perfect"].items()}
    assert {name for name, writer in by.items() if writer == "tfdis"} == {
        "infomec",
        "mcc",
        "dci_es",
    }
    assert len(by) == 12
