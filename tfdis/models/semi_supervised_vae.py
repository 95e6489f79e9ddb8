"""VAEs with labels of a few images (Locatello et al., "few labels", 2020)."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.batch import Inputs, Outputs, num_replicas, own_rows
from tfdis.data.labellers import LabelledSet
from tfdis.keys import Salt, subkey, uniform
from tfdis.losses.term import LossTerm
from tfdis.models.vae import VAE


@keras.saving.register_keras_serializable("tfdis")
class SemiSupervisedVAE(VAE):
    """A VAE that encodes, at every step, a batch of labelled images too.

    The labelled images are taken in order, again and again, as many as the batch has others; where
    losses are measured, in an order drawn for each batch. Their posterior means are
    `outputs["labelled_codes"]`, for a term of `tfdis.losses.supervised`.

    Args:
        encoder: see `Autoencoder`.
        decoder: see `Autoencoder`.
        terms: see `Autoencoder`.
        labelled: the labelled images to train on, and those to measure the losses on; the second
            may be empty. A model that is loaded has none, and needs none but to be trained.
        num_images: see `Autoencoder`.
        seed: see `Autoencoder`.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        labelled: tuple[LabelledSet, LabelledSet] | None = None,
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, terms, num_images, seed, **kwargs)
        # Eager tensors, which a graph captures by reference; in no list that Keras would track.
        self._labelled = labelled and tuple(
            (tf.constant(part.images), tf.constant(part.labels)) for part in labelled
        )
        self.built = True

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`."""
        outputs = super().forward(inputs, step, key, training)
        if self._labelled is None:
            return outputs
        train, test = self._labelled
        images, labels = train if training or not len(test[0]) else test
        size = tf.shape(inputs.images, out_type=tf.int64)[0]
        rows = own_rows(size)
        if training:
            rows = (tf.cast(step, tf.int64) * size * num_replicas() + rows) % len(images)
        else:
            # The step stays the same while losses are measured; every batch has its own key.
            order = tf.argsort(uniform([len(images)], subkey(key, Salt.INDICES)))
            rows = tf.gather(order, rows % len(images))
        codes = self.encoder_outputs(Inputs(tf.gather(images, rows)), training)[0]
        return outputs.adding(labelled_codes=codes, labels=tf.gather(labels, rows))


@keras.saving.register_keras_serializable("tfdis")
class SupervisedVAE(SemiSupervisedVAE):
    """A supervised encoder, and a decoder of its codes.

    The reconstruction teaches the decoder alone.
    """

    def decode(
        self, z: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        """See `Autoencoder.decode`."""
        return super().decode(tf.stop_gradient(z), labels, training)
