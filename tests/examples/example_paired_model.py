"""An example of weak supervision: images in pairs, whose posteriors meet; a draw and a model."""

import functools
from collections.abc import Sequence

import gin
import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.data.feeding import Draw
from tfdis.data.ground_truth import GroundTruthData
from tfdis.distributions import diagonal_gaussian, log_variance
from tfdis.keys import subkey
from tfdis.losses.term import LossTerm
from tfdis.models.build import Builder, build
from tfdis.models.vae import VAE

_FIRST, _SECOND = 0x1001, 0x1002


class ExamplePairs(Draw):
    """Pairs of images that have all factors but the last in common, in the graph."""

    group_size = 2

    def __init__(self, data):
        self.data = data

    def __call__(self, key, batch_size):
        """The indices of the pairs, one image after the other."""
        pairs, sizes = batch_size // 2, self.data.factors_num_values
        first = tf.random.stateless_uniform([pairs, len(sizes)], subkey(key, _FIRST))
        first = tf.cast(first * tf.constant(sizes, tf.float32), tf.int32)
        last = tf.random.stateless_uniform([pairs, 1], subkey(key, _SECOND))
        second = tf.concat([first[:, :-1], tf.cast(last * sizes[-1], tf.int32)], axis=1)
        rows = tf.reshape(tf.stack([first, second], axis=1), [batch_size, len(sizes)])
        return self.data.graph_index_of(rows, key)

    def shared(self, key, batch_size):
        """All factors but the last."""
        return tf.tile([[True] * (self.data.num_factors - 1) + [False]], [batch_size, 1])


@configurable("example_pairs")
def example_pairs(data: GroundTruthData) -> ExamplePairs:
    """The draw, for `model.draw`."""
    return ExamplePairs(data)


@keras.saving.register_keras_serializable("examples")
class ExamplePairedVAE(VAE):
    """A VAE in which a pair shares the mean of its posteriors in the first latent."""

    group_size = 2

    def combine_posteriors(self, posterior, inputs):
        """Averages the first latent over each pair."""
        shape = [-1, inputs.group_size, self.num_latents]
        parts = [tf.reshape(each, shape) for each in (posterior.mean(), log_variance(posterior))]
        first = [True] + [False] * (self.num_latents - 1)
        means = [tf.reduce_mean(each, axis=1, keepdims=True) for each in parts]
        met = [tf.where(first, mean, each) for mean, each in zip(means, parts)]
        return diagonal_gaussian(*(tf.reshape(each, [-1, self.num_latents]) for each in met))


@configurable("example_paired_vae")
def example_paired_vae(terms: Sequence[LossTerm] = gin.REQUIRED) -> Builder:
    """The model, for `model.model`."""
    return functools.partial(build, ExamplePairedVAE, list(terms))
