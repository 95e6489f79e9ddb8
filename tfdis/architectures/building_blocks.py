"""The parts that networks share: initial weights, layers, and checks of the image size."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tfdis.architectures.convolutions import Conv2D, Conv2DTranspose
from tfdis.checks import Count, Positive
from tfdis.config import configurable
from tfdis.errors import UserError

Size = Count
Sizes = Sequence[Size]
Width = Positive  # multiplies the sizes of hidden layers
Initializer = str | Mapping[str, Any] | Callable[..., Any]

# PyTorch's normals are not truncated, Keras' glorot_normal and he_normal are.
_UNTRUNCATED = {
    "xavier_normal": {"scale": 1.0, "mode": "fan_avg"},
    "kaiming_normal": {"scale": 2.0, "mode": "fan_in"},
}


@configurable("kernel_initializers")
def kernel_initializers(
    convolution: Initializer = "glorot_uniform", dense: Initializer = "glorot_uniform"
) -> dict[str, Any]:
    """The initial kernels of every network; biases start at zero.

    Args:
        convolution: for convolutions, also transposed ones: "xavier_normal", "kaiming_normal" (both
            untruncated, as PyTorch's), or anything that `keras.initializers.get` takes.
        dense: the same for dense layers.

    Returns:
        The two by name.

    Example:
        In gin, the weights of the paper's code:

            kernel_initializers.convolution = "xavier_normal"
            kernel_initializers.dense = "kaiming_normal"
    """
    return {"convolution": convolution, "dense": dense}


def initializer(kind: str) -> keras.initializers.Initializer:
    """A new initializer for one layer, so that no two layers draw the same numbers.

    Args:
        kind: "convolution" or "dense".
    """
    chosen = kernel_initializers()[kind]
    if isinstance(chosen, str) and chosen in _UNTRUNCATED:
        return keras.initializers.VarianceScaling(
            **_UNTRUNCATED[chosen], distribution="untruncated_normal"
        )
    try:
        chosen = keras.initializers.get(chosen)
    except (ValueError, TypeError) as error:
        raise UserError(
            f"kernel_initializers.{kind} is {chosen!r}: expected 'xavier_normal', "
            "'kaiming_normal' or one of Keras' initializers, such as 'he_uniform'."
        ) from error
    return type(chosen).from_config(chosen.get_config())


def dense(units: int, activation: str | None = None, name: str | None = None) -> keras.Layer:
    """A dense layer with the initial weights that gin chose."""
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initializer("dense"), name=name
    )


def convolution(
    filters: int,
    kernel_size: int,
    padding: str,
    name: str,
    strides: int = 2,
    activation: str = "relu",
) -> keras.Layer:
    """A convolution, of stride 2 and with ReLU by default."""
    return Conv2D(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        activation=activation,
        kernel_initializer=initializer("convolution"),
        name=name,
    )


def deconvolution(
    filters: int,
    kernel_size: int,
    padding: str,
    name: str,
    strides: int = 2,
    activation: str | None = "relu",
) -> keras.Layer:
    """A transposed convolution, of stride 2 and with ReLU by default."""
    return Conv2DTranspose(
        filters,
        kernel_size,
        strides=strides,
        padding=padding,
        activation=activation,
        kernel_initializer=initializer("convolution"),
        name=name,
    )


def scaled(sizes: Sequence[int], width: float) -> tuple[int, ...]:
    """Layer sizes times `width`, rounded, at least 1."""
    return tuple(max(1, round(size * width)) for size in sizes)


def growing_channels(depth: int) -> tuple[int, ...]:
    """The paper's channels of `depth` convolutions: 32, 32, 64, 128, then 256 each."""
    return ((32, 32, 64, 128) + (256,) * depth)[:depth]


def halvings(network: str, shape: Sequence[int], smallest: int = 8) -> int:
    """How often the side of a square image can be halved until it is 1.

    Raises:
        UserError: the image is not square, or its side is no power of two from `smallest` on.
    """
    height, width = shape[:2]
    if height != width or height < smallest or height & (height - 1):
        raise UserError(
            f"{network} takes square images whose side is a power of two from {smallest} on, but "
            f"the images have sides {height} and {width}: choose another network or resize them."
        )
    return height.bit_length() - 1


def check_divisible(network: str, shape: Sequence[int], divisor: int) -> None:
    """Raises a UserError where a side of the images is not a multiple of `divisor`."""
    for side in shape[:2]:
        if side % divisor:
            raise UserError(
                f"{network} takes images whose sides are multiples of {divisor}, but one side is "
                f"{side}: choose another network or resize the images."
            )
