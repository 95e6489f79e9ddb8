"""The losses that pull codebooks and codes towards each other."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.losses.term import LossTerm, loss_term


@loss_term("quantization", requires=["weight"])
class Quantization(LossTerm):
    """Moves the values of a quantizer to the codes (Hsu et al., 2023); see `quantization_loss`.

    For a `QuantizedAutoencoder`.
    """

    value_name: ClassVar[str] = "quantization_loss"

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean loss over the batch, a scalar."""
        return tf.reduce_mean(quantization_loss(outputs["continuous"], outputs["quantized"]))


@loss_term("commitment", requires=["weight"])
class Commitment(LossTerm):
    """Moves the codes to the values of a quantizer (Hsu et al., 2023); see `commitment_loss`.

    For a `QuantizedAutoencoder`.
    """

    value_name: ClassVar[str] = "commitment_loss"

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean loss over the batch, a scalar."""
        return tf.reduce_mean(commitment_loss(outputs["continuous"], outputs["quantized"]))


def quantization_loss(continuous: tf.Tensor, quantized: tf.Tensor) -> tf.Tensor:
    """Moves values to the codes: mean_l (stop(continuous) - quantized)^2 (Hsu et al., 2023).

    Args:
        continuous: codes before the quantizer, `[batch, num_latents]`.
        quantized: their values, with a gradient to the codebooks, `[batch, num_latents]`.

    Returns:
        `[batch]`.
    """
    return tf.reduce_mean(tf.square(tf.stop_gradient(continuous) - quantized), axis=1)


def commitment_loss(continuous: tf.Tensor, quantized: tf.Tensor) -> tf.Tensor:
    """Moves codes to their values: mean_l (continuous - stop(quantized))^2; see above."""
    return tf.reduce_mean(tf.square(continuous - tf.stop_gradient(quantized)), axis=1)
