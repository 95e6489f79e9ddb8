import numpy as np
import pytest
from tables import SIZES, IndexImages, index_in

from tfdis.errors import UserError
from tfdis.evaluation.udr import mean_and_kl, udr_sklearn
from tfdis.metrics.udr import lasso_correlations, relative_strength, spearman_correlations

# disentanglement_lib has UDR in its repository, in neither wheel: its formulas are stated here.


def peer_relative_strength(matrix):
    def one_way(values):
        return np.mean([max(row) ** 2 / sum(row) if sum(row) > 0 else 0.0 for row in values])

    return (one_way(matrix) + one_way(matrix.T)) / 2


def models(num_latents=5, seed=0):
    """Codes of three models: factors permuted and flipped, mixed, and two latents collapsed."""
    rng = np.random.RandomState(seed)
    num = int(np.prod(SIZES))
    factors = np.stack(np.unravel_index(np.arange(num), SIZES), axis=-1).astype(float)
    factors = np.concatenate([factors, rng.randn(num, num_latents - len(SIZES))], axis=1)
    permuted = factors[:, rng.permutation(num_latents)] * np.array([1, -1, 1, -1, 1])
    mixed = factors @ rng.randn(num_latents, num_latents)
    collapsed = factors + 0.1 * rng.randn(*factors.shape)
    full, dead = np.ones(num_latents), np.array([1.0, 1.0, 1.0, 0.001, 0.012])
    return [(factors, full), (permuted, full), (mixed, full), (collapsed, dead)]


def functions(tables):
    return [lambda images, z=z, kl=kl: (z[index_in(images)], kl) for z, kl in tables]


def score(tables, **parameters):
    return udr_sklearn(
        IndexImages(SIZES),
        functions(tables),
        np.random.RandomState(0),
        batch_size=10,
        num_data_points=400,
        **parameters,
    )


@pytest.mark.parametrize("correlation_matrix", ["lasso", "spearman"])
def test_models_that_agree_up_to_order_and_sign_score_high(correlation_matrix):
    tables = models()
    scores = score(tables[:2], correlation_matrix=correlation_matrix)["model_scores"]
    assert min(scores) > 0.7
    against_mixed = score([tables[0], tables[2]], correlation_matrix=correlation_matrix)
    assert max(against_mixed["model_scores"]) < min(scores) - 0.2


@pytest.mark.parametrize("filter_low_kl", [True, False])
def test_scores_are_medians_of_relative_strengths_of_what_is_kept(filter_low_kl):
    tables = models()
    results = score(tables, filter_low_kl=filter_low_kl, kl_filter_threshold=0.02)
    raw = np.array(results["raw_correlations"])
    pairwise = np.array(results["pairwise_disentanglement_scores"])
    assert raw.shape == (4, 4, 5, 5)
    assert pairwise.shape == (4, 4, 1)
    np.testing.assert_array_equal(raw[3, 0, 3], 0)  # 0.001 nats: blanked, whatever the threshold
    kept = [kl > 0.02 if filter_low_kl else kl > -1 for _, kl in tables]
    for i in range(4):
        for j in range(4):
            if i != j:
                expected = peer_relative_strength(raw[i, j][kept[i]][:, kept[j]])
                np.testing.assert_allclose(pairwise[i, j, 0], expected, rtol=1e-12)
        others = [pairwise[k, i, 0] for k in range(4) if k != i]
        np.testing.assert_allclose(results["model_scores"][i], np.median(others))


def test_a_dead_model_scores_zero():
    tables = models()[:1] * 2 + [(models()[0][0], np.zeros(5))]
    assert score(tables)["model_scores"][2] == 0


def test_rank_correlation_equals_scipys():
    from scipy.stats import spearmanr

    rng = np.random.RandomState(0)
    first, second = np.round(rng.randn(200, 3), 1), rng.randn(200, 3)
    ours = spearman_correlations(first, second)
    for i in range(3):
        for j in range(3):
            expected = abs(spearmanr(first[:, i], second[:, j]).statistic)
            np.testing.assert_allclose(ours[i, j], expected, rtol=1e-12)


def test_lasso_weights_minimize_its_objective():
    rng = np.random.RandomState(0)
    first = rng.randn(300, 3)
    second = first[:, [1, 0, 2]] + 0.1 * rng.randn(300, 3)
    weights = lasso_correlations(first, second)

    def objective(w, target):
        residual = second[:, target] - first @ w - np.mean(second[:, target] - first @ w)
        return np.mean(residual**2) / 2 + 0.1 * np.sum(np.abs(w))

    for target in range(3):
        best = objective(weights[:, target], target)  # the weights are not negative here
        for _ in range(50):
            assert objective(weights[:, target] + 0.02 * rng.randn(3), target) > best - 1e-6


@pytest.mark.parametrize(
    ("matrix", "low", "high"),
    [
        (np.eye(3), 1.0, 1.0),
        (np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]]), 2 / 3, 2 / 3),
        (np.ones((3, 3)), 1 / 3, 1 / 3),
        (np.zeros((3, 3)), 0, 0),
        (np.zeros((0, 3)), 0, 0),
    ],
)
def test_relative_strength(matrix, low, high):
    assert low - 1e-12 <= relative_strength(matrix) <= high + 1e-12


def test_kl_divergence_is_of_the_posterior_from_the_standard_normal():
    import tensorflow_probability as tfp

    rng = np.random.RandomState(0)
    mean, log_variance = rng.randn(2, 6, 3).astype(np.float32)
    codes, divergence = mean_and_kl(lambda images: (mean, log_variance))(None)
    expected = tfp.distributions.kl_divergence(
        tfp.distributions.Normal(mean, np.exp(log_variance / 2)),
        tfp.distributions.Normal(0.0, 1.0),
    )
    np.testing.assert_array_equal(codes, mean)
    np.testing.assert_allclose(divergence, np.mean(expected, axis=0), rtol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tables": models()[:1]}, "two or more"),
        ({"correlation_matrix": "pearson"}, "'lasso' or 'spearman'"),
        ({"num_data_points": 401}, "multiple"),
        ({"tables": [models()[0], (models()[0][0][:, :3], np.ones(3))]}, "as many latents"),
        ({"tables": [models()[0], (np.nan * models()[0][0], np.ones(5))]}, "not finite"),
        ({"tables": [models()[0], (models()[0][0], np.full(5, np.inf))]}, "deterministic encoder"),
    ],
)
def test_says_what_is_wrong(change, message):
    change = {"tables": models()[:2], "num_data_points": 400, **change}
    tables = change.pop("tables")
    with pytest.raises(UserError, match=message):
        udr_sklearn(
            IndexImages(SIZES),
            functions(tables),
            np.random.RandomState(0),
            batch_size=10,
            **change,
        )
