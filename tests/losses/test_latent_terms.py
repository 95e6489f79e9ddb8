"""The terms around the formulas of quantized latents, factorized supports and decompositions."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfdis.architectures.decoders import deconv_decoder, fc_decoder
from tfdis.architectures.decoders import test_decoder as linear_decoder
from tfdis.architectures.residual_networks import residual_decoder
from tfdis.batch import Inputs
from tfdis.errors import UserError
from tfdis.losses.codebook import Commitment, Quantization
from tfdis.losses.factorized_support import FactorizedSupport, hausdorff_distance
from tfdis.losses.hessian_penalty import HessianPenalty
from tfdis.losses.kl_decomposition import KLDecomposition, kl_decomposition
from tfdis.losses.latent_multiinformation import LatentMultiinformation, latent_multiinformation
from tfdis.losses.total_correlation import TotalCorrelation
from tfdis.schedules import LinearSchedule


def test_codebook_terms_are_mean_squared_distances(batch, arrays):
    z, quantized = arrays["z"], arrays["second_z"]
    outputs = batch.adding(continuous=tf.constant(z), quantized=tf.constant(quantized))
    for term in (Quantization(), Commitment()):
        np.testing.assert_allclose(term(outputs=outputs), np.mean((z - quantized) ** 2), rtol=1e-5)


def test_codebook_terms_say_what_model_they_are_for(batch):
    with pytest.raises(UserError, match="gives no 'continuous'"):
        Commitment()(outputs=batch)


def test_factorized_support_looks_at_the_means_where_there_is_a_posterior(batch, arrays):
    term = FactorizedSupport()
    np.testing.assert_allclose(term(outputs=batch), hausdorff_distance(arrays["mean"]), rtol=1e-6)
    plain = dataclasses.replace(batch, posterior=None)
    np.testing.assert_allclose(term(outputs=plain), hausdorff_distance(arrays["z"]), rtol=1e-6)


def test_multiinformation_takes_the_spread_before_the_quantizer(batch, arrays):
    wider = tf.constant(3 * arrays["z"])
    found = LatentMultiinformation()(outputs=batch.adding(continuous=wider))
    expected = latent_multiinformation(arrays["z"], 3 * arrays["z"].std(axis=0) + 1e-6)
    np.testing.assert_allclose(found, np.mean(expected), rtol=1e-4)


def test_kl_decomposition_weighs_its_parts_by_schedules(batch):
    term = KLDecomposition(alpha=0.5, beta=LinearSchedule(0.0, 6.0, 60), gamma=2.0)
    term.prepare(5, 1000)
    parts = kl_decomposition(batch.posterior, batch.prior, batch.z, 1000)
    information, correlation, divergence = (float(tf.reduce_mean(part)) for part in parts)
    value, report = term.value_and_report(batch)
    expected = 0.5 * information + 3.0 * correlation + 2.0 * divergence
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(report["total_correlation"], correlation, rtol=1e-5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(term))
    again.prepare(5, 1000)
    assert float(again(outputs=batch)) == float(value)


def test_the_minibatch_total_correlation_is_that_part_but_for_its_constant(batch):
    parts = kl_decomposition(batch.posterior, batch.prior, batch.z, 1000)
    constant = 4 * np.log(16 * 1000)
    found = TotalCorrelation()(outputs=batch)
    expected = np.mean(parts.total_correlation) - constant
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_kl_decomposition_without_a_size_says_so():
    with pytest.raises(UserError, match="num_images"):
        KLDecomposition().prepare(num_latents=5, num_images=None)


def test_hessian_penalty_takes_the_hidden_layers(batch):
    term = HessianPenalty()
    term.see_decoder(fc_decoder(5, (8, 8, 3), layer_sizes=(6, 4)))
    shapes = [each.shape[1:] for each in term._activations(batch.z)]
    assert shapes == [(6,), (4,)]
    value = float(term(outputs=batch))
    assert np.isfinite(value)
    assert value > 0
    assert value == float(term(outputs=batch))
    other = dataclasses.replace(batch, key=tf.constant([1, 3]))
    assert value != float(term(outputs=other))


def test_hessian_penalty_of_a_batch_whose_size_is_not_known_in_the_graph(batch):
    term = HessianPenalty()
    term.see_decoder(fc_decoder(5, (8, 8, 3), layer_sizes=(6, 4)))

    @tf.function(input_signature=[tf.TensorSpec([None, 5])])
    def traced(z):
        return term(outputs=dataclasses.replace(batch, z=z))

    np.testing.assert_allclose(traced(batch.z), term(outputs=batch), rtol=1e-3)


def test_hessian_penalty_takes_tripods_layers_of_tripods_decoder():
    """The condition and all stages but the last; the constant image has no derivative."""
    term = HessianPenalty()
    term.see_decoder(residual_decoder(5, (32, 32, 1), width=0.02))
    names = [each.shape[1:] for each in term._activations(tf.zeros([1, 5]))]
    assert sorted(map(tuple, names)) == [(4, 4, 5), (5,), (8, 8, 3), (16, 16, 1)]


def test_hessian_penalty_of_layers_that_are_not_there_says_which_there_are():
    with pytest.raises(UserError, match=r"names stage_9: the decoder deconv_decoder has codes"):
        HessianPenalty(layers=("stage_9",)).see_decoder(deconv_decoder(5, (16, 16, 1)))
    with pytest.raises(UserError, match="no hidden layer"):
        HessianPenalty().see_decoder(linear_decoder(5, (8, 8, 1)))


def test_hessian_penalty_keeps_the_label_of_a_conditional_model(batch):
    """A mean over images: over the three ways to turn the labels it is that of each label alone."""
    term = HessianPenalty()
    term.see_decoder(fc_decoder(5 + 3, (8, 8, 3), layer_sizes=(6,)))

    def of(classes):
        inputs = Inputs(None, labels=tf.one_hot(classes, 3))
        return float(term(outputs=dataclasses.replace(batch, inputs=inputs)))

    mixed = sum(of((tf.range(16) + shift) % 3) for shift in range(3))
    alone = sum(of(tf.fill([16], label)) for label in range(3))
    np.testing.assert_allclose(mixed, alone, rtol=1e-3)
