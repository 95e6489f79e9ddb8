import gin
import numpy as np
import pytest
from scipy import stats
from tables import SIZES, IndexImages, lookup, tables

from tfdis.errors import UserError
from tfdis.evaluation.representations import representation_of
from tfdis.evaluation.scoring import evaluate
from tfdis.evaluation.sources import DataSource
from tfdis.evaluation.uncertainty import intervals, over_seeds
from tfdis.statistics.intervals import mean_interval

_SMALL = ["mig.num_train = 100", "sap_score.num_train = 60", "sap_score.num_test = 40"]


def test_interval_is_students():
    values = [0.31, 0.28, 0.35, 0.30]
    found = mean_interval(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], expected, rtol=1e-10)
    assert found.mean == pytest.approx(0.31)
    assert found.values == tuple(values)
    assert str(found) == f"0.3100 [{found.low:.4f}, {found.high:.4f}]"


def test_interval_holds_the_mean_as_often_as_it_says():
    rng = np.random.RandomState(0)
    held = [
        found.low <= 0.5 <= found.high
        for found in (mean_interval(rng.normal(0.5, 0.1, size=5), 0.9) for _ in range(2000))
    ]
    assert abs(np.mean(held) - 0.9) < 0.02


def test_equal_values_have_no_width():
    found = mean_interval([0.25, 0.25, 0.25])
    assert found.low == found.mean == found.high == 0.25


def test_what_is_no_number_has_no_interval():
    found = intervals(
        [{"a": 1.0, "b": [1], "elapsed_time": 3.0}, {"a": 2, "b": [2], "elapsed_time": 3.0}]
    )
    assert list(found) == ["a"]


def test_each_seed_is_an_evaluation_of_its_own_and_images_are_encoded_once():
    codes = tables()["entangled"]
    data = IndexImages(SIZES)
    source = DataSource(data, representation_of(lookup(codes)))
    found = over_seeds(source, ["mig", "sap_score"], seeds=[3, 5, 8], gin_bindings=_SMALL)
    for metric, name in (("mig", "discrete_mig"), ("sap_score", "SAP_score")):
        for seed, value in zip([3, 5, 8], found[metric][name].values):
            scores = evaluate(
                lookup(codes),
                IndexImages(SIZES),
                [metric],
                [*_SMALL, f"evaluation.random_seed = {seed}"],
                verbose=False,
            )
            assert scores[metric][name] == value
        assert len(set(found[metric][name].values)) == 3
    assert source.num_encoded <= data.num_images
    assert gin.config_str() == ""


@pytest.mark.parametrize("seeds", [[1], [], [2, 2]])
def test_needs_different_seeds(seeds):
    source = DataSource(IndexImages(SIZES), representation_of(lookup(tables()["random"])))
    with pytest.raises(UserError, match="different seeds"):
        over_seeds(source, ["mig"], seeds=seeds)
