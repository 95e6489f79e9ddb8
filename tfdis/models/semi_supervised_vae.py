"""VAEs with labels of a few images (Locatello et al., "few labels", 2020)."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.batch import Inputs, Outputs, num_replicas, own_rows
from tfdis.data.labellers import LabelledSet
from tfdis.errors import UserError
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
            may be empty. A model that is loaded has none: `label_with` gives it some, where it is
            to be trained or its losses measured.
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
        self._labelled = None
        if labelled is not None:
            self.label_with(labelled)
        self.built = True

    def label_with(self, labelled: tuple[LabelledSet, LabelledSet]) -> None:
        """Gives the model labelled images, in place of those that it has.

        Args:
            labelled: see `SemiSupervisedVAE`; `LabelledSet.train_and_test` makes such a pair.
        """
        # Eager tensors, which a graph captures by reference; in no list that Keras would track.
        self._labelled = tuple(
            (tf.constant(part.images), tf.constant(part.labels)) for part in labelled
        )
        # What `fit` and `evaluate` have compiled would go on with the images of before.
        self.train_function = self.test_function = None

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`.

        Raises:
            UserError: there are no labelled images. Without them the supervised losses would see
                the factors of every image.
        """
        if self._labelled is None:
            raise UserError(
                f"This {type(self).__name__} has no labelled images, for a saved model does not "
                "keep them: give it some by model.label_with((train, test)) before it is trained "
                "or its losses are measured."
            )
        outputs = super().forward(inputs, step, key, training)
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
