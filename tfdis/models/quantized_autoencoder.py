"""An autoencoder whose latents take few values each."""

import functools

import keras
import numpy as np
import tensorflow as tf

from tfdis.architectures.quantizer import Quantizer, quantizer_of, straight_through
from tfdis.batch import Inputs, Outputs
from tfdis.keys import subkey, uniform
from tfdis.models.autoencoder import Autoencoder


@keras.saving.register_keras_serializable("tfdis")
class QuantizedAutoencoder(Autoencoder):
    """An autoencoder with a `Quantizer` at the end of its encoder.

    QLAE (Hsu et al., 2023), Tripod (Hsu et al., 2024) or an autoencoder with finite scalar
    quantization (Mentzer et al., 2024), depending on the quantizer and the loss terms. Its codes
    are the quantized ones. Arguments are those of `Autoencoder`.
    """

    @property
    def quantizer(self) -> Quantizer:
        """The encoder's last layer."""
        return quantizer_of(self.encoder)

    @functools.cached_property
    def _features(self) -> keras.Model:
        """The encoder without its quantizer."""
        return keras.Model(self.encoder.input, self.quantizer.input)

    @property
    def latent_values(self) -> list[np.ndarray]:
        """The values of each latent in ascending order, one array `[num_values]` per latent."""
        return self.quantizer.values

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`.

        Adds "continuous", the codes before they are taken to values, and "quantized", those values
        with a gradient to what the quantizer learns; each `[batch, num_latents]`.
        """
        features = tf.cast(self._features(inputs.images, training=training), tf.float32)
        continuous = self.quantizer.continuous(features)
        quantized = self.quantizer.nearest(features)
        z = straight_through(continuous, quantized)
        extras = {"continuous": continuous, "quantized": quantized}
        return Outputs(inputs, z, self.decode(z, training=training), step, key, extras=extras)

    def sample_prior(self, num_samples: int, key: tf.Tensor) -> tf.Tensor:
        """See `Autoencoder.sample_prior`; each latent takes each of its values equally often."""
        columns = []
        for latent, values in enumerate(self.latent_values):
            index = tf.cast(uniform([num_samples], subkey(key, latent)) * len(values), tf.int32)
            columns.append(tf.gather(tf.constant(values, tf.float32), index))
        return tf.stack(columns, axis=1)
