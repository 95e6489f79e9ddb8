"""The layers that Tripod's residual networks are made of."""

from typing import Any

import keras
from keras import ops

from tfdis.architectures import building_blocks as blocks

_EPSILON = 1e-5


@keras.saving.register_keras_serializable("tfdis")
class ConstantMap(keras.layers.Layer):
    """A learned image, the same for every code; it starts at one.

    Args:
        shape: `(height, width, channels)`.
        **kwargs: of the layer.

    Call arguments:
        codes: only their number matters, `[batch, num_latents]`.
    """

    def __init__(self, shape: tuple[int, int, int], **kwargs: Any):
        super().__init__(**kwargs)
        self.shape = tuple(shape)

    def build(self, input_shape: tuple) -> None:
        """Makes the image."""
        del input_shape
        self.image = self.add_weight(shape=self.shape, initializer="ones", name="image")

    def call(self, codes: Any) -> Any:
        """`[batch, height, width, channels]`."""
        ones = ops.ones_like(codes[:, :1])[:, :, None, None]
        return ones * ops.convert_to_tensor(self.image)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """See `call`."""
        return (input_shape[0], *self.shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "shape": self.shape}


@keras.saving.register_keras_serializable("tfdis")
class AdaptiveInstanceNormalization(keras.layers.Layer):
    """Each channel of each image normalized, then scaled and shifted (Huang and Belongie, 2017).

    x (1 + scale) + shift, both linear in the condition.

    Call arguments:
        inputs: a pair of features, `[batch, height, width, channels]`, and condition,
            `[batch, size]`.
    """

    def build(self, input_shape: Any) -> None:
        """Makes the linear map."""
        features, condition = input_shape
        self.norm = keras.layers.GroupNormalization(-1, epsilon=_EPSILON, center=False, scale=False)
        self.norm.build(features)
        self.linear = blocks.dense(2 * features[-1])
        self.linear.build(condition)

    def call(self, inputs: Any) -> Any:
        """Features of the same shape."""
        features, condition = inputs
        scale, shift = ops.split(self.linear(condition)[:, None, None, :], 2, axis=-1)
        return self.norm(features) * (1 + scale) + shift

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """See `call`."""
        return input_shape[0]


def instance_norm_convolution(features: keras.KerasTensor, filters: int) -> keras.KerasTensor:
    """A 3x3 convolution, instance normalization with scale and offset, GELU."""
    features = linear_convolution(filters, 3)(features)
    features = keras.layers.GroupNormalization(-1, epsilon=_EPSILON)(features)
    return ops.gelu(features, approximate=True)


def adaptive_convolution(
    features: keras.KerasTensor, condition: keras.KerasTensor, filters: int
) -> keras.KerasTensor:
    """A 3x3 convolution, instance normalization that the condition scales and shifts, GELU."""
    features = linear_convolution(filters, 3)(features)
    features = AdaptiveInstanceNormalization()([features, condition])
    return ops.gelu(features, approximate=True)


def linear_convolution(filters: int, kernel_size: int, strides: int = 1) -> keras.Layer:
    """A convolution with bias and padding, without activation."""
    return keras.layers.Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        kernel_initializer=blocks.initializer("convolution"),
    )


def normalized_dense(features: keras.KerasTensor, units: int) -> keras.KerasTensor:
    """A dense layer, layer normalization, GELU."""
    features = keras.layers.LayerNormalization(epsilon=_EPSILON)(blocks.dense(units)(features))
    return ops.gelu(features, approximate=True)
