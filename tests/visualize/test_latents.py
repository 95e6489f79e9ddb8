import numpy as np
import pytest
import tensorflow_probability as tfp
from scipy import stats

from tfdis.metrics.udr import gaussian_kl
from tfdis.visualize.latents import (
    aggregate_posterior_quantiles,
    summarize_latents,
)

tfd = tfp.distributions


@pytest.fixture
def posteriors():
    random = np.random.RandomState(0)
    return random.randn(500, 6).astype(np.float32), random.randn(500, 6).astype(np.float32)


def test_kl_is_tfps(posteriors):
    mean, log_variance = posteriors
    kl = tfd.kl_divergence(tfd.Normal(mean, np.exp(0.5 * log_variance)), tfd.Normal(0.0, 1.0))
    np.testing.assert_allclose(gaussian_kl(*posteriors), np.mean(kl, axis=0), rtol=1e-5)


def test_latents_are_ranked_and_the_dead_ones_marked():
    mean = np.random.RandomState(0).randn(100, 4) * [0.05, 2.0, 0.0, 1.0]
    summary = summarize_latents(mean, np.zeros((100, 4)))
    assert summary.order.tolist() == [1, 3, 0, 2]
    assert summary.dead.tolist() == [True, False, True, False]
    assert summary.label(2).text == "z2  0.00 dead"
    assert summary.label(2).faint
    assert summary.label(1).text == f"z1  {np.mean(mean[:, 1] ** 2) / 2:.2f} nats"
    assert not summary.label(1).faint
    assert summary.rest(summary.order[:2]) == "2 dead latents of at most 0.00 nats not shown"
    assert summary.rest(summary.order) == ""


def test_without_a_posterior_the_spread_ranks():
    codes = np.random.RandomState(0).randn(1000, 3) * [1, 5, 0]
    summary = summarize_latents(codes, None)
    assert summary.order.tolist() == [1, 0, 2]
    assert summary.label(1).text.endswith(" std")
    np.testing.assert_allclose(summary.weight, codes.std(axis=0))


def test_quantiles_are_those_of_the_mixture_of_posteriors():
    # N(0, 2^2) smeared by posteriors of variance 0.5^2 is N(0, 4.25).
    mean = 2 * np.random.RandomState(2).randn(200_000, 1)
    levels = np.array([0.05, 0.5, 0.9])
    quantiles = aggregate_posterior_quantiles(mean, np.full_like(mean, np.log(0.25)), levels)
    np.testing.assert_allclose(quantiles[0], stats.norm.ppf(levels, scale=4.25**0.5), atol=0.03)
