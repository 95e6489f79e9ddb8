"""Discriminators: from codes, or from images, to the logits of classes."""

from collections.abc import Callable
from typing import Annotated

import gin
import keras
from annotated_types import Ge

from tfdis.architectures import building_blocks as blocks
from tfdis.config import configurable


@configurable("discriminator", allowlist=["discriminator_fn"])
def make_discriminator(
    num_latent: blocks.Size,
    discriminator_fn: Callable[..., keras.Model] = gin.REQUIRED,
    num_classes: blocks.Size = 2,
) -> keras.Model:
    """The discriminator that gin chose.

    Args:
        num_latent: size of the codes.
        discriminator_fn: called with `num_latent` and `num_classes`; gives a model from codes
            `[batch, num_latent]` to logits `[batch, num_classes]`.
        num_classes: 2 to separate true codes from permuted ones.

    Returns:
        A built functional model.
    """
    return discriminator_fn(num_latent=num_latent, num_classes=num_classes)


@configurable("fc_discriminator")
def fc_discriminator(
    num_latent: blocks.Size,
    num_classes: blocks.Size = 2,
    num_layers: Annotated[int, Ge(0)] = 6,
    layer_size: blocks.Size = 1000,
) -> keras.Model:
    """FactorVAE's discriminator (Kim & Mnih, 2018, Appendix A), as disentanglement_lib's.

    Args:
        num_latent: size of the codes.
        num_classes: number of logits.
        num_layers: number of hidden layers, with LeakyReLU of slope 0.2.
        layer_size: of each of them.

    Returns:
        Codes to logits.
    """
    codes = keras.Input((num_latent,), name="codes")
    hidden = _hidden(codes, num_layers, layer_size)
    logits = blocks.dense(num_classes, name="logits")(hidden)
    return keras.Model(codes, logits, name="fc_discriminator")


@configurable("conv_discriminator")
def conv_discriminator(
    input_shape: blocks.Sizes,
    num_classes: blocks.Size = 2,
    num_layers: Annotated[int, Ge(0)] = 6,
    layer_size: blocks.Size = 1000,
    width: blocks.Width = 1.0,
) -> keras.Model:
    """The convolutional discriminator: of images, where `fc_discriminator` is of codes.

    Args:
        input_shape: `(side, side, channels)`; the side a power of two.
        num_classes: number of logits.
        num_layers: number of hidden layers after the convolutions, with LeakyReLU of slope 0.2.
        layer_size: of each of them.
        width: multiplies the channels 32, 32, 64, 128, 256, 256 of the 4x4 convolutions of
            stride 2.

    Returns:
        Images to logits.

    Raises:
        UserError: the network does not fit the side.
    """
    depth = blocks.halvings("conv_discriminator", input_shape)
    images = hidden = keras.Input(tuple(input_shape), name="images")
    filters = blocks.scaled(blocks.growing_channels(depth), width)
    for number, size in enumerate(filters, 1):
        hidden = blocks.convolution(size, 4, "same", f"convolution_{number}")(hidden)
    hidden = _hidden(keras.layers.Flatten(name="flat")(hidden), num_layers, layer_size)
    logits = blocks.dense(num_classes, name="logits")(hidden)
    return keras.Model(images, logits, name="conv_discriminator")


def _hidden(inputs: keras.KerasTensor, num_layers: int, layer_size: int) -> keras.KerasTensor:
    for number in range(1, num_layers + 1):
        # Keras' leaky_relu has the slope 0.2, as TensorFlow's.
        inputs = blocks.dense(layer_size, "leaky_relu", f"dense_{number}")(inputs)
    return inputs
