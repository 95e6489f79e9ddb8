"""The base class of quantizers: a short list of values for each latent."""

from typing import Any

import keras
import numpy as np
from keras import ops

from tfdis.errors import UserError


@keras.saving.register_keras_serializable("tfdis")
class Quantizer(keras.layers.Layer):
    """Maps each latent to one of its values; gradients pass straight through.

    A subclass writes `continuous`, `nearest` and `values`. All is written in `keras.ops`, so that a
    quantizer leaves the library with the encoder that it ends.

    Call arguments:
        features: what the encoder gives, `[batch, num_latents]`.

    Returns:
        Codes that are values, with the gradient of `continuous`, `[batch, num_latents]`.
    """

    def call(self, features: Any) -> Any:
        """See the class."""
        return straight_through(self.continuous(features), self.nearest(features))

    def continuous(self, features: Any) -> Any:
        """The codes before they are taken to values, in the same units, `[batch, num_latents]`."""
        raise NotImplementedError

    def nearest(self, features: Any) -> Any:
        """The value of each code, `[batch, num_latents]`, with a gradient to what is learned."""
        raise NotImplementedError

    @property
    def values(self) -> list[np.ndarray]:
        """The values of each latent in ascending order, one array `[num_values]` per latent."""
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Codes have the shape of the features."""
        return input_shape


def straight_through(continuous: Any, quantized: Any) -> Any:
    """`quantized`, with a gradient as if it were `continuous` (Bengio et al., 2013)."""
    return continuous + ops.stop_gradient(quantized - continuous)


def quantizer_of(encoder: keras.Model) -> Quantizer:
    """The quantizer that an encoder ends with.

    Raises:
        UserError: it ends with another layer.
    """
    last = encoder.layers[-1]
    if not isinstance(last, Quantizer):
        raise UserError(
            f"The encoder ends with the layer '{last.name}': a quantized model needs a Quantizer "
            "there, such as @scalar_codebooks()."
        )
    return last
