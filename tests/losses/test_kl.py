import numpy as np
import scipy.integrate
import scipy.stats

from tfdis.losses.kl import KL


def test_equals_disentanglement_lib(batch, arrays, dlib_vae):
    expected = dlib_vae.compute_gaussian_kl(arrays["mean"], arrays["log_variance"])
    np.testing.assert_allclose(KL()(outputs=batch), expected, rtol=1e-5)


def test_equals_the_integral(batch, arrays):
    def divergence(mean, deviation):
        q, p = scipy.stats.norm(mean, deviation), scipy.stats.norm()
        return scipy.integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -20, 20)[0]

    deviations = np.exp(arrays["log_variance"] / 2)
    one_by_one = np.vectorize(divergence)(arrays["mean"], deviations)
    np.testing.assert_allclose(KL()(outputs=batch), one_by_one.sum(axis=1).mean(), rtol=1e-5)
