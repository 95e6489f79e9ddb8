"""Tripod's residual encoder and decoder (Hsu et al., 2024, and their code)."""

import keras

from tfdis.architectures import building_blocks as blocks
from tfdis.architectures import residual_layers as layers
from tfdis.architectures.encoders import gaussian_head
from tfdis.config import configurable

_SMALLEST_SIDE = 4


@configurable("residual_encoder")
def residual_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """Residual stages that halve the side down to 4, then the mean over pixels and a dense layer.

    A stage is two residual blocks of two 3x3 convolutions each, with instance normalization and
    GELU, and a 2x2 convolution of stride 2. Side 64: 32, 64, 128 and 256 channels, 512 at the end;
    half the side takes one stage less, twice the side one more with 512 channels.

    Args:
        num_latent: number of latents.
        input_shape: `(side, side, channels)`; the side a power of two.
        width: multiplies the channels and the size of the dense layer.

    Returns:
        Images to `(mean, log_variance)`.

    Raises:
        UserError: the network does not fit the side.
    """
    depth = blocks.halvings("residual_encoder", input_shape) - 2
    channels = blocks.scaled([min(32 * 2**stage, 512) for stage in range(depth + 1)], width)
    images = hidden = keras.Input(tuple(input_shape), name="images")
    for number in range(depth):
        hidden = _down(hidden, channels[number], channels[number + 1], f"stage_{number + 1}")
    hidden = keras.layers.GlobalAveragePooling2D(name="mean_of_pixels")(hidden)
    hidden = layers.normalized_dense(hidden, *blocks.scaled([512], width))
    return gaussian_head(images, hidden, num_latent, "residual_encoder")


@configurable("residual_decoder")
def residual_decoder(
    num_latent: blocks.Size, output_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """A learned 4x4 image that residual stages double to the side, steered by the codes.

    Two dense layers of 256 make a condition of the codes; it scales and shifts the normalized
    features of every convolution. A stage is two residual blocks, then nearest neighbours and a 3x3
    convolution. Side 64: 512, 256, 128 and 64 channels; twice the side takes one more stage of 512.

    Args:
        num_latent: size of the codes.
        output_shape: `(side, side, channels)`; the side a power of two.
        width: multiplies the channels and the size of the dense layers.

    Returns:
        Codes to logits.

    Raises:
        UserError: the network does not fit the side.
    """
    depth = blocks.halvings("residual_decoder", output_shape) - 2
    sizes = [min(64 * 2**stage, 512) for stage in reversed(range(depth))]
    channels = [*blocks.scaled(sizes, width), output_shape[2]]
    codes = keras.Input((num_latent,), name="codes")
    condition = _condition(num_latent, *blocks.scaled([256], width))(codes)
    hidden = layers.ConstantMap((_SMALLEST_SIDE, _SMALLEST_SIDE, channels[0]), name="image")(codes)
    for number in range(depth):
        name = f"stage_{number + 1}" if number < depth - 1 else "logits"
        hidden = _up(hidden, condition, channels[number + 1], name)
    return keras.Model(codes, hidden, name="residual_decoder")


def _down(features: keras.KerasTensor, filters: int, after: int, name: str) -> keras.KerasTensor:
    inputs = hidden = keras.Input(features.shape[1:])
    for _ in range(2):
        inner = layers.instance_norm_convolution(hidden, filters)
        inner = layers.instance_norm_convolution(inner, filters)
        if hidden.shape[-1] != filters:
            hidden = layers.linear_convolution(filters, 1)(hidden)
        hidden = keras.layers.Add()([hidden, inner])
    hidden = layers.linear_convolution(after, 2, strides=2)(hidden)
    return keras.Model(inputs, hidden, name=name)(features)


def _condition(num_latent: int, units: int) -> keras.Model:
    codes = keras.Input((num_latent,))
    hidden = layers.normalized_dense(layers.normalized_dense(codes, units), units)
    return keras.Model(codes, hidden, name="condition")


def _up(
    features: keras.KerasTensor, condition: keras.KerasTensor, after: int, name: str
) -> keras.KerasTensor:
    inputs = [keras.Input(features.shape[1:]), keras.Input(condition.shape[1:])]
    hidden, steering = inputs
    for _ in range(2):
        inner = layers.adaptive_convolution(hidden, steering, hidden.shape[-1])
        inner = layers.adaptive_convolution(inner, steering, hidden.shape[-1])
        hidden = keras.layers.Add()([hidden, inner])
    hidden = keras.layers.UpSampling2D(2, interpolation="nearest")(hidden)
    hidden = layers.linear_convolution(after, 3)(hidden)
    return keras.Model(inputs, hidden, name=name)([features, condition])
