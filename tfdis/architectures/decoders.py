"""Decoders: from codes to images as logits (or as pixels, where the loss takes them so)."""

import math
from collections.abc import Callable, Sequence

import gin
import keras

from tfdis.architectures import building_blocks as blocks
from tfdis.config import configurable


@configurable("decoder", allowlist=["decoder_fn"])
def make_decoder(
    num_latent: blocks.Size,
    output_shape: blocks.Sizes,
    decoder_fn: Callable[..., keras.Model] = gin.REQUIRED,
) -> keras.Model:
    """The decoder that gin chose.

    Args:
        num_latent: size of the codes; a conditional model adds the size of its labels.
        output_shape: `(height, width, channels)` of the images.
        decoder_fn: called with `num_latent` and `output_shape`; gives a model from codes
            `[batch, num_latent]` to logits `[batch, height, width, channels]`.

    Returns:
        A built functional model.
    """
    return decoder_fn(num_latent=num_latent, output_shape=tuple(output_shape))


@configurable("deconv_decoder")
def deconv_decoder(
    num_latent: blocks.Size, output_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """disentanglement_lib's convolutional decoder; sides that are multiples of 16.

    After row 3 of Table 1 of beta-VAE (Higgins et al., 2017).

    Args:
        num_latent: size of the codes.
        output_shape: `(height, width, channels)`.
        width: multiplies the size of every hidden layer.

    Returns:
        Codes to logits.

    Raises:
        UserError: a side is not a multiple of 16.
    """
    blocks.check_divisible("deconv_decoder", output_shape, 16)
    height, breadth, channels = output_shape
    dense_size, *filters = blocks.scaled((256, 64, 64, 32, 32), width)
    small = (height // 16, breadth // 16, filters[0])
    codes = keras.Input((num_latent,), name="codes")
    hidden = blocks.dense(dense_size, "relu", "dense_1")(codes)
    hidden = blocks.dense(math.prod(small), "relu", "dense_2")(hidden)
    hidden = keras.layers.Reshape(small, name="small_image")(hidden)
    for number, size in enumerate(filters[1:], 1):
        hidden = blocks.deconvolution(size, 4, "same", f"deconvolution_{number}")(hidden)
    logits = blocks.deconvolution(channels, 4, "same", "logits", activation=None)(hidden)
    return keras.Model(codes, logits, name="deconv_decoder")


@configurable("fc_decoder")
def fc_decoder(
    num_latent: blocks.Size,
    output_shape: blocks.Sizes,
    layer_sizes: blocks.Sizes = (1200, 1200, 1200),
) -> keras.Model:
    """disentanglement_lib's fully connected decoder; any image size.

    After row 1 of Table 1 of beta-VAE (Higgins et al., 2017).

    Args:
        num_latent: size of the codes.
        output_shape: `(height, width, channels)`.
        layer_sizes: of the hidden layers, with tanh.

    Returns:
        Codes to logits.
    """
    return _fully_connected(num_latent, output_shape, layer_sizes, "tanh", "fc_decoder")


@configurable("shallow_fc_decoder")
def shallow_fc_decoder(
    num_latent: blocks.Size, output_shape: blocks.Sizes, layer_sizes: blocks.Sizes = (400,)
) -> keras.Model:
    """The paper's shallow fully connected decoder: as `fc_decoder`, with ReLU."""
    return _fully_connected(num_latent, output_shape, layer_sizes, "relu", "shallow_fc_decoder")


@configurable("deep_fc_decoder")
def deep_fc_decoder(
    num_latent: blocks.Size,
    output_shape: blocks.Sizes,
    layer_sizes: blocks.Sizes = (100, 200, 400, 1000),
) -> keras.Model:
    """The paper's deep fully connected decoder: as `fc_decoder`, with ReLU."""
    return _fully_connected(num_latent, output_shape, layer_sizes, "relu", "deep_fc_decoder")


@configurable("padless_deconv_decoder")
def padless_deconv_decoder(
    num_latent: blocks.Size, output_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """The paper's decoder: transposed convolutions from one pixel up, nearly all without padding.

    Side 64: a 1x1 convolution to 256 channels, 4x4 transposed convolutions of stride 2 with 256
    (padded), 128, 128, 64 and 64 channels, and a 3x3 one: 1 -> 2 -> 6 -> 14 -> 30 -> 62 -> 64. Half
    the side takes one layer less, twice the side one more.

    Args:
        num_latent: size of the codes.
        output_shape: `(side, side, channels)`; the side a power of two.
        width: multiplies the channels.

    Returns:
        Codes to logits.

    Raises:
        UserError: the network does not fit the side.
    """
    depth = blocks.halvings("padless_deconv_decoder", output_shape) - 2
    first, second, *filters = blocks.scaled(
        ((256, 256, 128, 128) + (64,) * depth)[: depth + 2], width
    )
    codes = keras.Input((num_latent,), name="codes")
    hidden = keras.layers.Reshape((1, 1, num_latent), name="pixel")(codes)
    hidden = blocks.convolution(first, 1, "valid", "convolution", strides=1)(hidden)
    hidden = blocks.deconvolution(second, 4, "same", "deconvolution_1")(hidden)
    for number, size in enumerate(filters, 2):
        hidden = blocks.deconvolution(size, 4, "valid", f"deconvolution_{number}")(hidden)
    logits = blocks.deconvolution(
        output_shape[2], 3, "valid", "logits", strides=1, activation=None
    )(hidden)
    return keras.Model(codes, logits, name="padless_deconv_decoder")


@configurable("test_decoder")
def test_decoder(num_latent: blocks.Size, output_shape: blocks.Sizes) -> keras.Model:
    """disentanglement_lib's smallest decoder: the pixels are linear in the latents."""
    return _fully_connected(num_latent, output_shape, (), None, "test_decoder")


def _fully_connected(
    num_latent: int,
    output_shape: Sequence[int],
    layer_sizes: Sequence[int],
    activation: str | None,
    name: str,
) -> keras.Model:
    codes = hidden = keras.Input((num_latent,), name="codes")
    for number, size in enumerate(layer_sizes, 1):
        hidden = blocks.dense(size, activation, f"dense_{number}")(hidden)
    hidden = blocks.dense(math.prod(output_shape), name="pixels")(hidden)
    logits = keras.layers.Reshape(tuple(output_shape), name="logits")(hidden)
    return keras.Model(codes, logits, name=name)
