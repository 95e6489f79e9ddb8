import numpy as np
import pytest
import tensorflow as tf

from tfdis.errors import UserError
from tfdis.losses.dip import DIP


@pytest.mark.parametrize("dip_type", ["i", "ii"])
def test_equals_numpy(batch, arrays, dip_type):
    covariance = np.cov(arrays["mean"].T, bias=True)
    if dip_type == "ii":
        covariance = covariance + np.diag(np.exp(arrays["log_variance"]).mean(axis=0))
    off_diagonal = covariance - np.diag(np.diag(covariance))
    expected = (off_diagonal**2).sum() + 3.0 * ((np.diag(covariance) - 1) ** 2).sum()
    np.testing.assert_allclose(
        DIP(dip_type=dip_type, lambda_d_factor=3.0)(outputs=batch), expected, rtol=1e-5
    )


@pytest.mark.parametrize("dip_type", ["i", "ii"])
def test_equals_disentanglement_lib(batch, arrays, dlib_vae, dip_type):
    model = dlib_vae.DIPVAE(lambda_od=2.0, lambda_d_factor=5.0, dip_type=dip_type)
    mean, log_variance = tf.constant(arrays["mean"]), tf.constant(arrays["log_variance"])
    expected = model.regularizer(0.0, mean, log_variance, None)
    term = DIP(2.0, dip_type=dip_type, lambda_d_factor=5.0)
    np.testing.assert_allclose(
        term.at("weight", batch.step) * term(outputs=batch), expected, rtol=1e-5
    )


def test_an_unknown_variant_says_which_there_are():
    with pytest.raises(UserError, match="'i' or 'ii'"):
        DIP(dip_type="iii")
