"""Every metric against disentanglement_lib's own function: same codes, draws and seed."""

import importlib
import warnings

import gin
import numpy as np
import pytest
from tables import SIZES, IndexImages, NoisyImages, NuisanceImages, lookup, noisy_lookup, tables

from tfdis.evaluation import validation_metrics
from tfdis.evaluation.compat import disentanglement_lib
from tfdis.evaluation.metric import metric_named
from tfdis.evaluation.representations import Representation
from tfdis.evaluation.sources import source_of

_BINDINGS = (
    "discretizer.discretizer_fn = @histogram_discretizer",
    "discretizer.num_bins = 20",
    "prune_dims.threshold = 0.05",
    "predictor.predictor_fn = @logistic_regression_cv",
    "reduced_representation.correlation_measure = @factorwise_dci",
)
# Our name of a metric: disentanglement_lib's module, its function, parameters.
_DETERMINISTIC = {
    "mig": ("mig", "compute_mig", {"num_train": 500}),
    "irs": ("irs", "compute_irs", {"num_train": 500, "batch_size": 16}),
    "sap_score": (
        "sap_score",
        "compute_sap",
        {"num_train": 400, "num_test": 200, "continuous_factors": True},
    ),
    "factor_vae_score": (
        "factor_vae",
        "compute_factor_vae",
        {"batch_size": 8, "num_train": 300, "num_eval": 100, "num_variance_estimate": 500},
    ),
    "beta_vae_sklearn": (
        "beta_vae",
        "compute_beta_vae_sklearn",
        {"batch_size": 8, "num_train": 300, "num_eval": 100},
    ),
    "modularity_explicitness": (
        "modularity_explicitness",
        "compute_modularity_explicitness",
        {"num_train": 400, "num_test": 300},
    ),
    "unsupervised_metrics": (
        "unsupervised_metrics",
        "unsupervised_metrics",
        {"num_train": 500},
    ),
}
_SEEDED = {
    "sap_score": (
        "sap_score",
        "compute_sap",
        {"num_train": 400, "num_test": 200, "continuous_factors": False},
    ),
    "downstream_task": (
        "downstream_task",
        "compute_downstream_task",
        {"num_train": [30, 40], "num_test": 30},
    ),
    "strong_downstream_task": (
        "strong_downstream_task",
        "compute_strong_downstream_task",
        {"num_train": [40], "num_test": 30, "n_experiment": 1},
    ),
    "fairness": (
        "fairness",
        "compute_fairness",
        {"num_train": 40, "num_test_points_per_class": 20},
    ),
}
# What ours says beyond disentanglement_lib.
_OURS = {"num_varying_latents", "num_latents_kept"}


@pytest.fixture
def dlib(dlib15_path):
    return disentanglement_lib(dlib15_path)


def _theirs(dlib, module, function, data, representation, parameters, seed=0):
    compute = getattr(dlib.module(f"evaluation.metrics.{module}"), function)
    for name in ("factor_vae", "reduced_downstream_task", "utils"):
        dlib.module(f"evaluation.metrics.{name}")
    np.random.seed(seed)
    with dlib.configured(*_BINDINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compute(data, representation, np.random.RandomState(seed), **parameters)


def _ours(name, data, representation, parameters, seed=0):
    np.random.seed(seed)
    gin.parse_config(_BINDINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return metric_named(name)(data, representation, np.random.RandomState(seed), **parameters)


def _assert_same(ours, theirs, tolerance=1e-6):
    assert set(ours) - _OURS == set(theirs)
    for key, value in theirs.items():
        np.testing.assert_allclose(
            np.real(ours[key]), np.real(value), atol=tolerance, rtol=tolerance, err_msg=key
        )


@pytest.mark.parametrize("table", tables())
@pytest.mark.parametrize("name", _DETERMINISTIC)
def test_deterministic(name, table, dlib):
    if (name, table) == ("modularity_explicitness", "dead"):
        pytest.skip("disentanglement_lib divides by zero and fails; see test_dead_latent")
    module, function, parameters = _DETERMINISTIC[name]
    data, codes = IndexImages(SIZES), tables()[table]
    theirs = _theirs(dlib, module, function, data, lookup(codes), parameters)
    _assert_same(_ours(name, data, lookup(codes), parameters), theirs)


@pytest.mark.parametrize("name", _SEEDED)
def test_seeded_like_numpy_global_state(name, dlib):
    module, function, parameters = _SEEDED[name]
    data, codes = IndexImages([2, 3]), tables([2, 3])["entangled"]
    theirs = _theirs(dlib, module, function, data, lookup(codes), parameters)
    _assert_same(_ours(name, data, lookup(codes), parameters), theirs)


@pytest.mark.parametrize("name", [*_DETERMINISTIC, "fairness"])
@pytest.mark.parametrize("kind", ["nuisance", "noise", "theirs"])
def test_images_that_are_no_function_of_factors(name, kind, dlib):
    module, function, parameters = (_DETERMINISTIC | _SEEDED)[name]
    rng = np.random.default_rng(1)
    sizes = [2, 3] if name in _SEEDED else SIZES
    data = {"nuisance": NuisanceImages, "noise": NoisyImages, "theirs": NuisanceImages}[kind](sizes)
    codes = rng.normal(size=(data.num_images, 5)).astype(np.float32)
    function_of = noisy_lookup if kind == "noise" else lookup
    theirs = _theirs(dlib, module, function, data, function_of(codes), parameters)
    shown = _Foreign(data) if kind == "theirs" else data
    _assert_same(_ours(name, shown, function_of(codes), parameters), theirs)


class _Foreign:
    """Hides that the data is ours: only disentanglement_lib's protocol is left."""

    def __init__(self, data):
        self.num_factors = data.num_factors
        self.factors_num_values = data.factors_num_values
        self.observation_shape = data.observation_shape
        self.sample_factors = data.sample_factors
        self.sample_observations_from_factors = data.sample_observations_from_factors
        self.sample = data.sample
        self.sample_observations = data.sample_observations
        self.images = None


_DCI = {"num_train": 100, "num_test": 100}


@pytest.mark.parametrize("table", ["entangled", "dead", "duplicated", "two_latents"])
def test_dci_is_within_its_own_spread(table, dlib):
    data, codes = IndexImages([3, 4]), tables([3, 4])[table]
    runs = [
        _theirs_dci(dlib, "dci", "compute_dci", data, lookup(codes), _DCI, seed)
        for seed in range(5)
    ]
    ours = _ours("dci", data, lookup(codes), _DCI)
    assert set(ours) == set(runs[0])
    for key in ours:
        values = [run[key] for run in runs]
        spread = max(values) - min(values) + 1e-6
        assert min(values) - spread <= ours[key] <= max(values) + spread, key


def _theirs_dci(dlib, module, function, data, representation, parameters, seed):
    compute = getattr(dlib.module(f"evaluation.metrics.{module}"), function)
    np.random.seed(seed)
    with dlib.configured(*_BINDINGS):
        return compute(data, representation, np.random.RandomState(0), **parameters)


def test_reduced_downstream_task(dlib):
    """disentanglement_lib fits trees to every factor to find one factor's best latent; we to one.

    On perfect codes both remove the same latent, and what is left is deterministic.
    """
    parameters = {"num_factors_to_remove": 1, "num_train": [60], "num_test": 40}
    data, codes = IndexImages([2, 2, 3]), tables([2, 2, 3])["perfect"]
    module = "reduced_downstream_task"
    theirs = _theirs(dlib, module, f"compute_{module}", data, lookup(codes), parameters)
    _assert_same(_ours(module, data, lookup(codes), parameters), theirs)


def test_unified_scores(dlib, tmp_path):
    theirs_module = dlib.module("evaluation.metrics.unified_scores")
    ours_module = importlib.import_module("tfdis.metrics.unified_scores")
    names = ("mutual_information_matrix", "accuracy_svm_matrix")
    parameters = {"num_train": 400, "num_test": 200}
    for table in ("random", "perfect", "entangled"):
        data, codes = IndexImages(SIZES), tables()[table]
        theirs = _theirs(
            dlib,
            "unified_scores",
            "compute_unified_scores",
            data,
            lookup(codes),
            {**parameters, "matrix_fns": [getattr(theirs_module, name) for name in names]},
        )
        gin.clear_config()
        functions = [getattr(ours_module, name) for name in names]
        ours = _ours("unified_scores", data, lookup(codes), {**parameters, "matrix_fns": functions})
        # Theirs has the merges where it also draws them.
        _assert_same({key: ours[key] for key in ours if ".merge_" not in key}, theirs)


def test_unified_score_validation(dlib):
    ours_module = importlib.import_module("tfdis.metrics.unified_scores")
    theirs_module = dlib.module("evaluation.metrics.unified_scores")
    names = ("mutual_information_matrix", "accuracy_svm_matrix")
    data, codes = IndexImages(SIZES), tables()["entangled"]
    factors, images = data.sample(400, np.random.RandomState(0))
    gin.parse_config(_BINDINGS[:2])
    ours, theirs = (
        [getattr(each, name) for name in names] for each in (ours_module, theirs_module)
    )
    found = validation_metrics.unified_score_validation(images, factors.T, lookup(codes), 0.7, ours)
    with dlib.configured(*_BINDINGS[:2]):
        expected = theirs_module.compute_unified_score_on_fixed_data(
            images, factors.T, lookup(codes), train_percentage=0.7, matrix_fns=theirs
        )
    for key, value in expected.items():
        np.testing.assert_allclose(found[key], value, atol=1e-6, err_msg=key)


def test_merges_like_their_dendrogram(dlib, tmp_path):
    dendrogram = dlib.module("visualize.dendrogram")
    module = importlib.import_module("tfdis.metrics.unified_scores")
    matrix = np.random.default_rng(3).uniform(size=(6, 4))
    theirs = dendrogram.dendrogram_plot(matrix.T, str(tmp_path / "x"), [f"f{i}" for i in range(4)])
    assert module._merges(matrix) == theirs


@pytest.mark.parametrize("kind", ["mig", "sap", "dci"])
def test_validation_metrics(kind, dlib):
    data, codes = IndexImages(SIZES), tables()["entangled"]
    name = {"sap": "sap_score"}.get(kind, kind)
    theirs = getattr(dlib.module(f"evaluation.metrics.{name}"), f"compute_{kind}_on_fixed_data")
    factors, images = data.sample(400, np.random.RandomState(0))
    parameters = {
        "mig": {},
        "sap": {"train_percentage": 0.7, "continuous_factors": True},
        "dci": {"train_percentage": 0.7},
    }[kind]
    gin.parse_config(_BINDINGS[:2])
    np.random.seed(0)
    with dlib.configured(*_BINDINGS[:2]):
        expected = theirs(images, factors.T, lookup(codes), **parameters)
    np.random.seed(0)
    found = getattr(validation_metrics, f"{name}_validation")(
        images, factors.T, lookup(codes), **parameters
    )
    _assert_same(found, expected, tolerance=0.02 if kind == "dci" else 1e-6)


def test_dead_latent_has_a_score():
    data, codes = IndexImages(SIZES), tables()["dead"]
    parameters = _DETERMINISTIC["modularity_explicitness"][2]
    scores = _ours("modularity_explicitness", data, lookup(codes), parameters)
    gin.clear_config()
    without = np.delete(codes, 2, axis=1)
    expected = _ours("modularity_explicitness", data, lookup(without), parameters)
    for key in ("explicitness_score_train", "explicitness_score_test"):
        np.testing.assert_allclose(scores[key], expected[key], atol=1e-3)


def test_numbers_added_to_odd_ones():
    data, codes = IndexImages(SIZES), tables()["dead"]
    scores = _ours("irs", data, lookup(codes), _DETERMINISTIC["irs"][2])
    assert scores["num_varying_latents"] == 5
    gin.clear_config()
    scores = _ours("factor_vae_score", data, lookup(codes), _DETERMINISTIC["factor_vae_score"][2])
    assert scores["num_active_dims"] == 6
    assert scores["num_latents_kept"] == 5


def test_metrics_share_codes():
    """All metrics together encode each image once."""
    data, codes = IndexImages(SIZES), tables()["entangled"]
    representation = Representation(lookup(codes), repeatable=True)
    source = source_of(data, representation, batch_size=100)
    for name, (_, _, parameters) in _DETERMINISTIC.items():
        gin.clear_config()
        _ours(name, data, source, parameters)
    assert source.num_encoded == data.num_asked == data.num_images
