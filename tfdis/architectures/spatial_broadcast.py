"""The spatial broadcast decoder (Watters et al., 2019), at a quarter of the image's resolution."""

from typing import Annotated, Any

import keras
from annotated_types import Ge

from tfdis.architectures import building_blocks as blocks
from tfdis.architectures.coordinates import GridLayer
from tfdis.config import configurable


@configurable("spatial_broadcast_decoder")
def spatial_broadcast_decoder(
    num_latent: blocks.Size,
    output_shape: blocks.Sizes,
    width: blocks.Width = 1.0,
    num_layers: Annotated[int, Ge(1)] = 3,
) -> keras.Model:
    """Joins the code with the coordinates of every place, then applies the same small network.

    This makes position easy to separate from identity: a unit that depends on x - position moves
    with the position. Watters et al. do this at every pixel; here in patches of 4x4, for a CPU.

    Args:
        num_latent: size of the codes.
        output_shape: `(height, width, channels)`; sides that are multiples of 4.
        width: multiplies the 64 units of each layer.
        num_layers: layers before the last, in each place.

    Returns:
        Codes to logits.

    Raises:
        UserError: a side is not a multiple of 4.
    """
    blocks.check_divisible("spatial_broadcast_decoder", output_shape, 4)
    height, breadth, channels = output_shape
    (units,) = blocks.scaled((64,), width)
    codes = keras.Input((num_latent,), name="codes")
    hidden = blocks.dense(units, name="dense_1")(codes)
    hidden = keras.layers.Reshape((1, 1, units), name="place")(hidden)
    hidden = Coordinates(height // 4, breadth // 4, name="coordinates")(hidden)
    hidden = keras.layers.ReLU(name="relu_1")(hidden)
    for number in range(2, num_layers + 1):
        hidden = blocks.convolution(units, 1, "same", f"convolution_{number}", strides=1)(hidden)
    logits = blocks.deconvolution(channels, 8, "same", "logits", strides=4, activation=None)(hidden)
    return keras.Model(codes, logits, name="spatial_broadcast_decoder")


@keras.saving.register_keras_serializable("tfdis")
class Coordinates(GridLayer):
    """Adds a linear function of its coordinates to every place.

    After a dense layer of the codes that is a dense layer of the codes joined with the coordinates.

    Args:
        height, width: see `GridLayer`.

    Call arguments:
        inputs: `[batch, 1, 1, units]`; gives `[batch, height, width, units]`.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the kernel, `[2, units]`, drawn as a dense layer's."""
        initializer = blocks.initializer("dense")
        self.kernel = self.add_weight((2, input_shape[-1]), initializer=initializer, name="kernel")

    def call(self, inputs: Any) -> Any:
        """See the class."""
        return inputs + keras.ops.matmul(self.places(inputs.dtype), self.kernel)
