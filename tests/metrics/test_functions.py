"""Metrics as functions of arrays."""

import inspect
import subprocess
import sys
import textwrap

import gin
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import mutual_info_score

import tfdis.metrics
from tfdis.errors import UserError
from tfdis.metrics import (
    beta_vae_sklearn,
    dci,
    downstream_task,
    factor_vae_score,
    fairness,
    infomec,
    irs,
    mig,
    modularity_explicitness,
    reduced_downstream_task,
    sap_score,
    strong_downstream_task,
    udr,
    unified_scores,
    unsupervised_metrics,
)
from tfdis.metrics.information import discrete_entropy, discrete_mutual_information
from tfdis.metrics.metric import all_metrics
from tfdis.metrics.predictor import logistic_regression_cv
from tfdis.metrics.table import TableSource

RANDOM = np.random.RandomState(0)
FACTORS = np.stack([RANDOM.randint(3, size=600), RANDOM.randint(4, size=600)], axis=1)
PERFECT = FACTORS + 0.01 * RANDOM.randn(600, 2)
NOISE = RANDOM.randn(600, 2)


def run(script):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_table_is_scored_without_tensorflow():
    """In a fresh process: neither the functions nor `tfdis.score` import it."""
    run("""
        import sys
        import numpy as np
        import tfdis
        import tfdis.metrics
        from tfdis.metrics import dci, mig
        random = np.random.RandomState(0)
        codes, factors = random.randn(200, 3), random.randint(3, size=(200, 2))
        assert 0 <= mig(codes, factors)["discrete_mig"] < 0.2
        assert "sklearn" not in sys.modules
        found = tfdis.score(codes, factors, ["mig", "irs", "unsupervised_metrics"])
        assert found["mig"]["discrete_mig"] == mig(codes, factors)["discrete_mig"]
        assert not {"tensorflow", "keras"} & set(sys.modules)
    """)


def test_every_registered_metric_has_its_function():
    ours = [name for name, each in all_metrics().items() if each.__module__.startswith("tfdis.")]
    assert "mig" in ours
    for name in ours:
        parameters = list(inspect.signature(getattr(tfdis.metrics, name)).parameters)
        assert parameters[0] in ("codes", "groups", "pairs", "bounds"), name


def test_gins_bindings_change_no_function():
    before = mig(NOISE, FACTORS)
    gin.parse_config(
        [
            "discretizer.num_bins = 2",
            "discretizer.discretizer_fn = @histogram_discretizer",
            "histogram_discretizer.num_bins = 2",
            "mig.num_train = 3",
        ]
    )
    assert mig(NOISE, FACTORS) == before


@pytest.mark.parametrize(
    ("function", "score"),
    [
        (mig, "discrete_mig"),
        (dci, "disentanglement"),
        (dci, "informativeness_test"),
        (irs, "IRS"),
        (infomec, "infoe"),
        (modularity_explicitness, "modularity_score"),
        (modularity_explicitness, "explicitness_score_test"),
        (downstream_task, "mean_test_accuracy"),
        (sap_score, "SAP_score"),
    ],
)
def test_perfect_codes_score_higher_than_noise(function, score):
    perfect, noise = function(PERFECT, FACTORS)[score], function(NOISE, FACTORS)[score]
    assert perfect > noise + 0.2
    assert perfect > (0.25 if function is sap_score else 0.9)


def test_the_rest_of_what_a_table_is_enough_for():
    fit = {"make_predictor": logistic_regression_cv}
    factors = FACTORS % 2
    codes = factors + 0.01 * RANDOM.randn(600, 2)
    assert fairness(codes, factors, **fit)["mean_fairness:mean_pred:mean_sens"] < 0.05
    strong = strong_downstream_task(codes, factors, 200, 100, 1, **fit)
    assert strong["mean_strong_test_accuracy"] > 0.9
    three = np.concatenate([codes, RANDOM.randn(600, 1)], axis=1)
    reduced = reduced_downstream_task(three, factors, num_factors_to_remove=1, **fit)
    assert reduced["mean_test_accuracy_other_factors"] > 0.9
    assert reduced["mean_test_accuracy_reduced_factor"] < 0.7
    unified = unified_scores(codes, factors)
    assert unified["mutual_information_matrix.mig"] > 0.9
    assert set(unified.matrices) == {
        "importance_gbt_matrix",
        "mutual_information_matrix",
        "accuracy_svm_matrix",
    }
    assert unsupervised_metrics(NOISE)["mutual_info_score"] < 0.3
    copies = udr([NOISE, NOISE[:, ::-1]], [np.ones(2), np.ones(2)])
    assert min(copies["model_scores"]) > 0.8


def test_groups_and_pairs():
    source = TableSource(PERFECT, FACTORS)
    fixed, groups = source.groups(200, 10, np.random.RandomState(0))
    assert factor_vae_score(groups, fixed)["eval_accuracy"] == 1.0
    fixed, pairs = source.pairs(200, 10, np.random.RandomState(0))
    assert beta_vae_sklearn(pairs, fixed)["eval_accuracy"] > 0.95
    with pytest.raises(UserError, match=r"\[groups, size, num_latents\]"):
        factor_vae_score(PERFECT, FACTORS[:, 0])
    with pytest.raises(UserError, match=r"\[groups, 2, size, num_latents\]"):
        beta_vae_sklearn(groups, fixed)


def test_information_and_entropy_are_scikit_learns_and_scipys():
    codes = RANDOM.randint(7, size=(500, 3)) - 3
    factors = np.stack([codes[:, 0] % 2, RANDOM.randint(40, size=500)], axis=1)
    ours = discrete_mutual_information(codes, factors)
    for i, code in enumerate(codes.T):
        for j, factor in enumerate(factors.T):
            assert ours[i, j] == pytest.approx(mutual_info_score(code, factor), abs=1e-12)
    expected = [stats.entropy(np.bincount(factor)) for factor in factors.T]
    np.testing.assert_allclose(discrete_entropy(factors), expected, rtol=1e-12)


def test_a_given_test_set_is_what_is_tested_on():
    train, test = slice(0, 300), slice(300, 600)
    flipped = 3 - FACTORS[test]
    found = dci(PERFECT[train], FACTORS[train], PERFECT[test], flipped)
    assert found["informativeness_train"] > 0.99
    assert found["informativeness_test"] < 0.5
    with pytest.raises(UserError, match="go together"):
        dci(PERFECT, FACTORS, PERFECT)


LARGE = 1e300 * NOISE


@pytest.mark.parametrize("name", ["mig", "dci", "sap_score", "irs", "unsupervised_metrics"])
@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (LARGE, FACTORS, "overflow"),
        (NOISE.astype(complex), FACTORS, "complex"),
        (np.stack([NOISE, NOISE], axis=1), FACTORS, "a sequence of codes per sample"),
        (np.where(NOISE > 2, np.nan, NOISE), FACTORS, "NaN"),
        (np.full((600, 2), "a"), FACTORS, "finite numbers"),
        (NOISE[:3], FACTORS[:3] * 0 + np.arange(3)[:, None], "3 samples are too few"),
        (NOISE[:, :1], FACTORS, "only one"),
    ],
)
def test_what_cannot_be_scored(name, codes, factors, message):
    if name in ("irs", "dci") and message == "only one":
        pytest.skip("one latent has these scores")
    with pytest.raises(UserError, match=message):
        tfdis.score(codes, factors, [name])
    function = getattr(tfdis.metrics, name)
    arrays = (codes,) if name == "unsupervised_metrics" else (codes, factors)
    with pytest.raises(UserError, match=message):
        function(*arrays)


@pytest.mark.parametrize("name", ["mig", "dci", "sap_score", "irs", "infomec"])
@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.zeros(600), "'b' has a single value in [46]00 samples"),
        (np.where(np.arange(600) < 5, np.nan, 1.5), "'b' misses values .* in 5 of 600 samples"),
        (np.where(np.arange(600) < 5, None, "x"), "'b' misses values .* in 5 of 600 samples"),
        (np.where(np.arange(600) < 5, pd.NA, 1), "'b' misses values .* in 5 of 600 samples"),
    ],
)
def test_factors_that_cannot_be_scored(name, column, message):
    factors = np.stack([FACTORS[:, 0].astype(object), column.astype(object)], axis=1)
    with pytest.raises(UserError, match=message):
        tfdis.score(NOISE, factors, [name], ["a", "b"])


@pytest.mark.parametrize("name", ["factor_vae_score", "beta_vae_sklearn"])
def test_a_factor_that_never_varies_is_not_fixed(name):
    factors = np.stack([FACTORS[:, 0], np.zeros(600, int)], axis=1)
    with pytest.raises(UserError, match="'factor_1' has a single value in 600 samples"):
        tfdis.score(NOISE, factors, [name])


def test_a_factor_that_nobody_knows_is_counted_and_said():
    """The authors' code divides 0 by 0 there."""
    codes = np.stack([FACTORS[:, 0], FACTORS[:, 0]], axis=1)
    factors = np.stack([FACTORS[:, 0], np.arange(600) // 300], axis=1)
    codes[300:] = codes[:300]  # so that what is known of the second is exactly nothing
    factors[300:, 0] = factors[:300, 0]
    with pytest.warns(UserWarning, match="leaves out 1 of 2 factors"):
        found = infomec(codes, factors, discrete_latents=True)
    assert found["num_factors_without_information"] == 1
    information = infomec(codes, factors, discrete_latents=True).matrices
    theirs = information["normalized_mutual_information"].T
    with np.errstate(invalid="ignore"):
        assert np.isnan(np.mean(theirs.max(axis=1) / theirs.sum(axis=1)))
    assert np.isfinite(found["infoc"])


def test_a_latent_that_varies_by_rounding_alone_is_discretized():
    from tfdis.metrics.discretizer import histogram_discretizer

    column = np.float32(1.0) + np.arange(3, dtype=np.float32) * np.spacing(np.float32(1.0))
    bins = histogram_discretizer(np.repeat(column, 5)[:, None], 20)
    assert bins.reshape(3, 5).tolist() == [[1] * 5, [11] * 5, [20] * 5]
