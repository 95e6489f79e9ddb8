"""A decoder in which a hypernetwork makes the first layer of the coordinates from the code."""

from typing import Annotated, Any, Literal

import keras
from annotated_types import Ge

from tfdis.architectures import building_blocks as blocks
from tfdis.architectures.coordinates import GridLayer
from tfdis.config import configurable


@configurable("hypernetwork_decoder")
def hypernetwork_decoder(
    num_latent: blocks.Size,
    output_shape: blocks.Sizes,
    width: blocks.Width = 1.0,
    num_layers: Annotated[int, Ge(0)] = 2,
    activation: Literal["relu", "gelu"] = "relu",
) -> keras.Model:
    """Dense layers make half-planes for each image from its code; one small network joins them.

    A hypernetwork (Ha et al., 2017, "HyperNetworks") for a network from coordinates to pixels. The
    spatial broadcast decoder adds the code to the coordinates, which moves objects; here the code
    also multiplies them, which rotates and stretches objects. In patches of 4x4, for a CPU.

    Args:
        num_latent: size of the codes.
        output_shape: `(height, width, channels)`; sides that are multiples of 4.
        width: multiplies the 256 units of the dense layers, the 64 half-planes and the 64 units
            that join them in each place.
        num_layers: dense layers before the one that gives the half-planes.
        activation: of every layer but the last; "gelu" gives `hessian_penalty` second derivatives.

    Returns:
        Codes to logits.

    Raises:
        UserError: a side is not a multiple of 4.
    """
    blocks.check_divisible("hypernetwork_decoder", output_shape, 4)
    height, breadth, channels = output_shape
    units, planes = blocks.scaled((256, 64), width)
    codes = keras.Input((num_latent,), name="codes")
    hidden = codes
    for number in range(1, num_layers + 1):
        hidden = blocks.dense(units, activation, name=f"dense_{number}")(hidden)
    hidden = blocks.dense(3 * planes, name="slopes_and_offsets")(hidden)
    hidden = HalfPlanes(height // 4, breadth // 4, activation, name="half_planes")(hidden)
    hidden = blocks.convolution(planes, 1, "same", "convolution", 1, activation)(hidden)
    logits = blocks.deconvolution(channels, 8, "same", "logits", strides=4, activation=None)(hidden)
    return keras.Model(codes, logits, name="hypernetwork_decoder")


@keras.saving.register_keras_serializable("tfdis")
class HalfPlanes(GridLayer):
    """activation(a y + b x + c) in every place, with a, b and c from the input.

    Args:
        height, width: see `GridLayer`.
        activation: a name that Keras knows.

    Call arguments:
        inputs: `[batch, 3 * units]`: all a, all b, all c; gives `[batch, height, width, units]`.
    """

    def __init__(self, height: int, width: int, activation: str = "relu", **kwargs: Any):
        super().__init__(height, width, **kwargs)
        self.activation = activation

    def call(self, inputs: Any) -> Any:
        """See the class."""
        units = inputs.shape[-1] // 3
        places = keras.ops.reshape(self.places(inputs.dtype), (-1, 2))
        factors = keras.ops.reshape(inputs, (-1, 3, units))
        sums = keras.ops.matmul(places, factors[:, :2]) + factors[:, 2:]
        activated = keras.activations.get(self.activation)(sums)
        return keras.ops.reshape(activated, (-1, self.height, self.width, units))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "activation": self.activation}
