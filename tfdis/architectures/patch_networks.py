"""Small networks for a CPU: their large convolution takes the image in patches of 8x8.

They leave out the convolutions at full and half resolution, where the time of disentanglement_lib's
networks goes.
"""

import math

import keras

from tfdis.architectures import building_blocks as blocks
from tfdis.config import configurable


@configurable("patch_encoder")
def patch_encoder(
    num_latent: blocks.Size, input_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """Convolutions 8x8 of stride 4, 4x4 and 4x4 of stride 2, then a dense layer; any image size.

    Args:
        num_latent: number of latents.
        input_shape: `(height, width, channels)`.
        width: multiplies the size of every hidden layer.

    Returns:
        Images to `(mean, log_variance)`.
    """
    filters, units = blocks.scaled((16, 128), width)
    images = keras.Input(tuple(input_shape), name="images")
    hidden = blocks.convolution(filters, 8, "same", "convolution_1", strides=4)(images)
    hidden = blocks.convolution(filters, 4, "same", "convolution_2")(hidden)
    hidden = blocks.convolution(filters, 4, "same", "convolution_3")(hidden)
    hidden = keras.layers.Flatten(name="flat")(hidden)
    hidden = blocks.dense(units, "relu", "dense")(hidden)
    mean = blocks.dense(num_latent, name="mean")(hidden)
    log_variance = blocks.dense(num_latent, name="log_variance")(hidden)
    return keras.Model(images, [mean, log_variance], name="patch_encoder")


@configurable("patch_decoder")
def patch_decoder(
    num_latent: blocks.Size, output_shape: blocks.Sizes, width: blocks.Width = 1.0
) -> keras.Model:
    """`patch_encoder` the other way round; sides that are multiples of 16.

    Args:
        num_latent: size of the codes.
        output_shape: `(height, width, channels)`.
        width: multiplies the size of every hidden layer.

    Returns:
        Codes to logits.

    Raises:
        UserError: a side is not a multiple of 16.
    """
    blocks.check_divisible("patch_decoder", output_shape, 16)
    height, breadth, channels = output_shape
    filters, units = blocks.scaled((16, 128), width)
    small = (height // 16, breadth // 16, filters)
    codes = keras.Input((num_latent,), name="codes")
    hidden = blocks.dense(units, "relu", "dense_1")(codes)
    hidden = blocks.dense(math.prod(small), "relu", "dense_2")(hidden)
    hidden = keras.layers.Reshape(small, name="small_image")(hidden)
    hidden = blocks.deconvolution(filters, 4, "same", "deconvolution_1")(hidden)
    hidden = blocks.deconvolution(filters, 4, "same", "deconvolution_2")(hidden)
    logits = blocks.deconvolution(channels, 8, "same", "logits", strides=4, activation=None)(hidden)
    return keras.Model(codes, logits, name="patch_decoder")
