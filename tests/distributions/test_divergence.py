import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from tfdis import distributions
from tfdis.distributions import priors

FAMILIES = {
    "gaussian": (distributions.diagonal_gaussian, scipy.stats.norm, 1.0),
    "laplace": (distributions.diagonal_laplace, scipy.stats.laplace, np.sqrt(0.5)),
}
PRIORS = {
    "gaussian": (priors.StandardNormal, scipy.stats.norm()),
    "laplace": (priors.StandardLaplace, scipy.stats.laplace()),
}


@pytest.mark.parametrize("prior_name", PRIORS)
@pytest.mark.parametrize("family_name", FAMILIES)
def test_equals_the_integral(family_name, prior_name):
    """In closed form exactly, by 40,000 draws within five standard errors."""
    family, reference, to_scale = FAMILIES[family_name]
    make_prior, p = PRIORS[prior_name]
    mean, deviation, count = 0.7, 0.6, 40_000
    q = reference(mean, deviation * to_scale)
    expected = sum(
        scipy.integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), *ends, limit=200)[0]
        for ends in ((-15, 0), (0, mean), (mean, 15))
    )
    posterior = family(
        tf.fill([count, 1], np.float32(mean)),
        tf.fill([count, 1], np.float32(2 * np.log(deviation))),
    )
    prior = make_prior()
    prior.prepare(1, (8, 8, 1))
    z = distributions.draw(posterior, tf.constant([3, 4]))
    found = distributions.kl_divergence(posterior, prior.distribution(None), z).numpy()
    if family_name == prior_name:
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    else:
        assert abs(found.mean() - expected) < 5 * found.std() / np.sqrt(count)


def test_of_a_deterministic_posterior_is_the_prior_density(arrays):
    posterior = distributions.deterministic(arrays["mean"], arrays["log_variance"])
    prior = distributions.standard_normal(5)
    expected = -scipy.stats.norm().logpdf(arrays["mean"]).sum(axis=1)
    found = distributions.kl_divergence(posterior, prior, arrays["mean"])
    np.testing.assert_allclose(found, expected, rtol=1e-5)
