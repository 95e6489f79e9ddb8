"""What pulls codebooks and codes towards each other."""

import tensorflow as tf


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
