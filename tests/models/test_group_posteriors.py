import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from tfdis.models.group_posteriors import (
    average_of_moments,
    average_of_precisions,
    combine,
    divergences,
    shared_by_labels,
    shared_by_threshold,
)

# One pair, three latents, worked out by hand below.
MEAN = tf.constant([[[1.0, 0.0, -2.0], [3.0, 0.5, 4.0]]])
VARIANCE = tf.constant([[[1.0, 0.25, 0.5], [3.0, 0.25, 2.0]]])


def test_gvae_by_hand():
    mean, variance = average_of_moments(MEAN, VARIANCE)
    # (1 + 3) / 2, (0 + 0.5) / 2, (-2 + 4) / 2, and (1 + 3) / 2, 0.25, (0.5 + 2) / 2.
    np.testing.assert_allclose(mean, [[[2.0, 0.25, 1.0]]])
    np.testing.assert_allclose(variance, [[[2.0, 0.25, 1.25]]])


def test_ml_vae_by_hand():
    mean, variance = average_of_precisions(MEAN, VARIANCE)
    # Precisions 1 and 1/3, 4 and 4, 2 and 1/2, whose means are 2/3, 4 and 5/4.
    np.testing.assert_allclose(variance, [[[1.5, 0.25, 0.8]]], rtol=1e-6)
    # (1 + 3/3) / (4/3), 2 / 8, (-4 + 2) / (5/2).
    np.testing.assert_allclose(mean, [[[1.5, 0.25, -0.8]]], rtol=1e-6)


@pytest.mark.parametrize("size", [2, 3])
def test_ml_vae_is_the_geometric_mean_of_densities(size):
    rng = np.random.default_rng(0)
    mean, variance = rng.normal(size=(1, size, 1)), rng.uniform(0.3, 2, (1, size, 1))
    grid = np.linspace(-12, 12, 20001)
    log = scipy.stats.norm.logpdf(grid, mean[0], np.sqrt(variance[0])).mean(axis=0)
    density = np.exp(log) / scipy.integrate.trapezoid(np.exp(log), grid)
    expected = scipy.integrate.trapezoid(grid * density, grid)
    spread = scipy.integrate.trapezoid((grid - expected) ** 2 * density, grid)
    ours = average_of_precisions(tf.constant(mean), tf.constant(variance))
    np.testing.assert_allclose(np.ravel(ours), [expected, spread], rtol=1e-5)


def test_divergences_are_integrals():
    grid = np.linspace(-30, 30, 60001)
    expected = []
    for latent in range(3):
        first, second = (
            scipy.stats.norm(MEAN[0, i, latent], np.sqrt(VARIANCE[0, i, latent])) for i in (0, 1)
        )
        difference = first.pdf(grid) * (first.logpdf(grid) - second.logpdf(grid))
        expected.append(scipy.integrate.trapezoid(difference, grid))
    np.testing.assert_allclose(divergences(MEAN, VARIANCE), [expected], rtol=1e-5)


def test_the_threshold_is_the_middle_between_smallest_and_largest():
    divergence = tf.constant([[0.0, 1.0, 4.0, 1.9, 2.0], [5.0, 5.0, 5.0, 5.0, 5.1]])
    # 2 of the first pair, 5.05 of the second; what lies at it is not shared.
    expected = [[True, True, False, True, False], [True, True, True, True, False]]
    np.testing.assert_array_equal(shared_by_threshold(divergence), expected)
    # As disentanglement_lib has it: two bins of equal width, the upper one keeps its own.
    for row, ours in zip(divergence, shared_by_threshold(divergence)):
        span = [tf.reduce_min(row), tf.reduce_max(row)]
        bins = tf.histogram_fixed_width_bins(row, span, nbins=2)
        np.testing.assert_array_equal(ours, bins == 0)


def test_a_pair_by_hand_from_posteriors_to_shared_ones():
    # KLs: 0.5 (1/3 + 4/3 - 1 + ln 3), 0.5 (0.25 / 0.25), 0.5 (0.25 + 18 - 1 + ln 4).
    divergence = divergences(MEAN, VARIANCE)
    by_hand = [0.5 * (2 / 3 + np.log(3)), 0.5, 0.5 * (17.25 + np.log(4))]
    np.testing.assert_allclose(divergence, [by_hand], rtol=1e-6)
    shared = shared_by_threshold(divergence)  # below (0.5 + 9.318) / 2
    np.testing.assert_array_equal(shared, [[True, True, False]])
    mean, variance = combine(MEAN, VARIANCE, average_of_moments(MEAN, VARIANCE), shared)
    np.testing.assert_allclose(mean, [[[2.0, 0.25, -2.0], [2.0, 0.25, 4.0]]])
    np.testing.assert_allclose(variance, [[[2.0, 0.25, 0.5], [2.0, 0.25, 2.0]]])


def test_labels_say_which_latents_are_shared():
    shared = tf.constant([[True, False], [False, False]])
    expected = [[True, False, True, True], [False, False, True, True]]
    np.testing.assert_array_equal(shared_by_labels(shared, 4), expected)
