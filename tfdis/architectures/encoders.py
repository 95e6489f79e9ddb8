"""Encoders: from images to the mean and log-variance of a Gaussian over the latents."""

from collections.abc import Callable, Sequence

import gin
import keras

from tfdis.architectures import building_blocks as blocks
from tfdis.config import configurable


@configurable("encoder", allowlist=["num_latent", "encoder_fn"])
def make_encoder(
    input_shape: blocks.Sizes,
    num_latent: blocks.Size = gin.REQUIRED,
    encoder_fn: Callable[..., keras.Model] = gin.REQUIRED,
    deterministic: bool = False,
) -> keras.Model:
    """The encoder that gin chose.

    Args:
        input_shape: `(height, width, channels)`; a conditional model adds its label planes to the
            channels.
        num_latent: number of latents.
        encoder_fn: called with `num_latent` and `input_shape`; gives a model from images to
            `(mean, log_variance)`, each `[batch, num_latent]`.
        deterministic: give a model from images to codes `[batch, num_latent]`: the network of the
            mean alone.

    Returns:
        A built functional model; inputs `[batch, height, width, channels]`.
    """
    encoder = encoder_fn(num_latent=num_latent, input_shape=tuple(input_shape))
    if deterministic:
        return keras.Model(encoder.input, encoder.outputs[0], name=encoder.name)
    return encoder


@configurable("conv_encoder")
def conv_encoder(
    num_latent: blocks.Size,
    input_shape: blocks.Sizes,
    width: blocks.Width = 1.0,
    kernel_sizes: blocks.Sizes = (4, 4, 2, 2),
) -> keras.Model:
    """disentanglement_lib's convolutional encoder; any image size.

    After row 3 of Table 1 of beta-VAE (Higgins et al., 2017), whose kernels are all 4x4.

    Args:
        num_latent: number of latents.
        input_shape: `(height, width, channels)`.
        width: multiplies the size of every hidden layer.
        kernel_sizes: of the four convolutions.

    Returns:
        Images to `(mean, log_variance)`.
    """
    filters = blocks.scaled((32, 32, 64, 64), width)
    images = hidden = keras.Input(tuple(input_shape), name="images")
    for number, (size, kernel_size) in enumerate(zip(filters, kernel_sizes, strict=True), 1):
        hidden = blocks.convolution(size, kernel_size, "same", f"convolution_{number}")(hidden)
    hidden = keras.layers.Flatten(name="flat")(hidden)
    hidden = blocks.dense(*blocks.scaled((256,), width), "relu", "dense")(hidden)
    return gaussian_head(images, hidden, num_latent, "conv_encoder")


@configurable("fc_encoder")
def fc_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, layer_sizes: blocks.Sizes = (1200, 1200)
) -> keras.Model:
    """disentanglement_lib's fully connected encoder; any image size.

    After row 1 of Table 1 of beta-VAE (Higgins et al., 2017).

    Args:
        num_latent: number of latents.
        input_shape: `(height, width, channels)`.
        layer_sizes: of the hidden layers, with ReLU.

    Returns:
        Images to `(mean, log_variance)`.
    """
    return _fully_connected(num_latent, input_shape, layer_sizes, "fc_encoder")


@configurable("shallow_fc_encoder")
def shallow_fc_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, layer_sizes: blocks.Sizes = (400,)
) -> keras.Model:
    """The paper's shallow fully connected encoder; parameters of `fc_encoder`."""
    return _fully_connected(num_latent, input_shape, layer_sizes, "shallow_fc_encoder")


@configurable("deep_fc_encoder")
def deep_fc_encoder(
    num_latent: blocks.Size,
    input_shape: blocks.Sizes,
    layer_sizes: blocks.Sizes = (1000, 400, 200, 100),
) -> keras.Model:
    """The paper's deep fully connected encoder; parameters of `fc_encoder`."""
    return _fully_connected(num_latent, input_shape, layer_sizes, "deep_fc_encoder")


@configurable("padless_conv_encoder")
def padless_conv_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """The paper's encoder: 3x3 convolutions of stride 2 without padding, down to one pixel.

    Side 64: 64 -> 31 -> 15 -> 7 -> 3 -> 1 with 32, 32, 64, 128, 256 channels, then the mean and
    the log-variance. Half the side takes one convolution less, twice the side one more.

    Args:
        num_latent: number of latents.
        input_shape: `(side, side, channels)`; the side a power of two.
        width: multiplies the channels.

    Returns:
        Images to `(mean, log_variance)`.

    Raises:
        UserError: the network does not fit the side.
    """
    depth = blocks.halvings("padless_conv_encoder", input_shape) - 1
    filters = blocks.scaled(blocks.growing_channels(depth), width)
    return _convolutional(num_latent, input_shape, filters, 3, "valid", "padless_conv_encoder")


@configurable("padded_conv_encoder")
def padded_conv_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """The paper's variant: 4x4 convolutions of stride 2 with padding, down to one pixel.

    Side 64: six convolutions with 32, 32, 64, 128, 256, 256 channels. Half the side takes one
    less, twice the side one more. Parameters of `padless_conv_encoder`.
    """
    depth = blocks.halvings("padded_conv_encoder", input_shape)
    filters = blocks.scaled(blocks.growing_channels(depth), width)
    return _convolutional(num_latent, input_shape, filters, 4, "same", "padded_conv_encoder")


@configurable("test_encoder")
def test_encoder(num_latent: blocks.Size, input_shape: blocks.Sizes) -> keras.Model:
    """disentanglement_lib's smallest encoder: the latents are linear in the pixels."""
    return _fully_connected(num_latent, input_shape, (), "test_encoder")


def _convolutional(
    num_latent: int,
    input_shape: Sequence[int],
    filters: Sequence[int],
    kernel_size: int,
    padding: str,
    name: str,
) -> keras.Model:
    images = hidden = keras.Input(tuple(input_shape), name="images")
    for number, size in enumerate(filters, 1):
        hidden = blocks.convolution(size, kernel_size, padding, f"convolution_{number}")(hidden)
    return gaussian_head(images, keras.layers.Flatten(name="flat")(hidden), num_latent, name)


def _fully_connected(
    num_latent: int, input_shape: Sequence[int], layer_sizes: Sequence[int], name: str
) -> keras.Model:
    images = keras.Input(tuple(input_shape), name="images")
    hidden = keras.layers.Flatten(name="flat")(images)
    for number, size in enumerate(layer_sizes, 1):
        hidden = blocks.dense(size, "relu", f"dense_{number}")(hidden)
    return gaussian_head(images, hidden, num_latent, name)


def gaussian_head(
    images: keras.KerasTensor, features: keras.KerasTensor, num_latent: int, name: str
) -> keras.Model:
    """The encoder from images to a mean and a log variance that are linear in the features."""
    mean = blocks.dense(num_latent, name="mean")(features)
    log_variance = blocks.dense(num_latent, name="log_variance")(features)
    return keras.Model(images, (mean, log_variance), name=name)
