import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif
from sklearn.metrics import log_loss
from tables import SIZES, IndexImages, lookup, tables

from tfdis.evaluation.metric import metric_named
from tfdis.metrics.infomec import (
    active_latents,
    compactness,
    explicitness,
    modularity,
    normalized_mutual_information,
)
from tfdis.metrics.table import TableSource

infomec = metric_named("infomec")
NUM = 1500


def points(kind):
    """Codes and factors of independent points."""
    rng = np.random.RandomState(0)
    factors = np.stack([rng.randint(size, size=NUM) for size in SIZES], axis=1)
    noise = rng.randn(NUM, 4)
    codes = {
        "perfect": factors + 0.05 * noise,
        "entangled": factors @ rng.randn(4, 4) + 0.05 * noise,
        "random": noise,
        "duplicated": np.tile(factors, 2) + 0.05 * rng.randn(NUM, 8),
    }[kind]
    return codes, factors


def scores(codes, factors, **parameters):
    source = TableSource(codes, factors)
    return infomec(None, source, np.random.RandomState(0), num_train=NUM, **parameters)


def test_perfect_codes_score_one():
    codes, factors = points("perfect")
    for found in (scores(codes, factors), scores(factors, factors, discrete_latents=True)):
        assert found["infom"] > 0.95  # a finite sample's chance information takes a little away
        assert found["infoc"] > 0.95
        assert found["num_active_latents"] == 4
    assert scores(factors, factors, discrete_latents=True)["infoe"] > 0.99


def test_entangled_and_random_codes_score_less():
    perfect, entangled, random = (
        scores(*points(kind)) for kind in ("perfect", "entangled", "random")
    )
    for name in ("infom", "infoc"):
        assert entangled[name] < perfect[name] - 0.2
    # A line tells all factors from as many mixtures of them, and nothing from noise.
    assert entangled["infoe"] > 0.5
    assert random["infoe"] < 0.1


def test_duplicated_latents_cost_compactness_alone():
    twice = scores(*points("duplicated"))
    assert twice["infom"] > 0.95
    # Half of each row is in one latent: (1/2 - 1/8) / (1 - 1/8) = 0.43.
    assert abs(twice["infoc"] - 0.43) < 0.05


def test_scores_images_by_their_codes():
    found = infomec(
        IndexImages(SIZES),
        lookup(tables()["perfect"]),
        np.random.RandomState(0),
        num_train=600,
        discrete_latents=True,
    )
    assert found["infom"] > 0.95
    assert found["infoe"] > 0.99


def test_concentration_by_hand():
    information = np.array([[0.6, 0.2, 0.2], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])
    expected = ((0.6 / 1.0 + 1.0) / 2 - 1 / 3) / (1 - 1 / 3)
    np.testing.assert_allclose(modularity(information), expected)
    factors = ((1.0 + 0.5 / 0.7 + 1.0) / 3 - 1 / 3) / (1 - 1 / 3)
    np.testing.assert_allclose(compactness(information), factors)
    assert modularity(np.full((2, 4), 0.3)) == pytest.approx(0)
    assert modularity(np.zeros((0, 4))) == 0


def test_information_is_scikit_learns_in_shares_of_the_factors_entropy():
    rng = np.random.RandomState(0)
    factors = np.stack([rng.randint(3, size=400), rng.randint(5, size=400)], axis=1)
    codes = factors @ rng.randn(2, 3) + 0.3 * rng.randn(400, 3)
    ours = normalized_mutual_information(codes, factors, False, np.random.RandomState(1))
    for j, factor in enumerate(factors.T):
        shares = np.bincount(factor) / len(factor)
        entropy = -np.sum(shares * np.log(shares))
        theirs = mutual_info_classif(codes, factor, n_neighbors=10, random_state=0) / entropy
        np.testing.assert_allclose(ours[:, j], theirs, rtol=1e-5, atol=1e-7)


def test_explicitness_of_balanced_classes_is_the_log_losses_ratio():
    rng = np.random.RandomState(0)
    factor = np.repeat(np.arange(4), 100)
    codes = factor[:, None] * np.array([[1.0, 0.3]]) + rng.randn(400, 2)
    ours = explicitness(codes, factor[:, None], discrete_latents=False)
    # Fitted by plain gradient descent on the same convex loss.
    inputs = np.concatenate([(codes - codes.mean(0)) / codes.std(0), np.ones((400, 1))], axis=1)
    weights, one_hot = np.zeros((3, 4)), np.eye(4)[factor]
    for _ in range(5000):
        probabilities = np.exp(inputs @ weights)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        weights -= inputs.T @ (probabilities - one_hot) / 400
    expected = 1 - log_loss(factor, probabilities) / np.log(4)
    np.testing.assert_allclose(ours, expected, atol=2e-3)


def test_latents_that_hardly_vary_are_left_out():
    codes, factors = points("perfect")
    codes = np.concatenate([codes, 0.01 * codes[:, :1], np.zeros((NUM, 1))], axis=1)
    assert scores(codes, factors)["num_active_latents"] == 4
    np.testing.assert_array_equal(active_latents(codes, True), [True] * 5 + [False])


def test_the_random_state_decides_the_score():
    codes, factors = points("entangled")
    assert scores(codes, factors) == scores(codes, factors)
