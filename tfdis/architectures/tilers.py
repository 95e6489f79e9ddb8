"""Tilers: from labels to planes, which a conditional model lays beside the image's channels."""

from typing import Any

import keras

from tfdis.architectures import building_blocks as blocks
from tfdis.config import configurable


@configurable("learned_tiler")
def label_tiler(num_classes: blocks.Size, side: blocks.Size) -> keras.Model:
    """One small network per class, from its label (0 to 1) to a plane.

    1 -> 64 -> 256 -> side * side, LeakyReLU of slope 0.2 between.

    Args:
        num_classes: number of labels, all factors' together.
        side: of the images, in pixels.

    Returns:
        One-hot or soft labels `[batch, num_classes]` to `[batch, side, side, num_classes]`.
    """
    labels = keras.Input((num_classes,), name="labels")
    planes = keras.layers.Reshape((num_classes, 1), name="per_class")(labels)
    for number, size in enumerate((64, 256), 1):
        planes = DensePerClass(size, "leaky_relu", name=f"dense_{number}")(planes)
    planes = DensePerClass(side * side, name="pixels")(planes)
    planes = keras.layers.Permute((2, 1), name="classes_last")(planes)
    planes = keras.layers.Reshape((side, side, num_classes), name="planes")(planes)
    return keras.Model(labels, planes, name="learned_tiler")


@configurable("constant_tiler")
def constant_tiler(num_classes: blocks.Size, side: blocks.Size) -> keras.Model:
    """Each class' label in every pixel of its plane; no weights.

    Args:
        num_classes: number of labels, all factors' together.
        side: of the images, in pixels.

    Returns:
        Labels `[batch, num_classes]` to `[batch, side, side, num_classes]`.
    """
    labels = keras.Input((num_classes,), name="labels")
    pixel = keras.layers.Reshape((1, 1, num_classes), name="pixel")(labels)
    planes = keras.layers.UpSampling2D(side, name="planes")(pixel)
    return keras.Model(labels, planes, name="constant_tiler")


@keras.saving.register_keras_serializable("tfdis")
class DensePerClass(keras.layers.Layer):
    """A dense layer with its own weights for each class.

    Args:
        units: outputs per class.
        activation: name of a Keras activation, or None.

    Call arguments:
        inputs: `[batch, num_classes, features]`; gives `[batch, num_classes, units]`.
    """

    def __init__(self, units: int, activation: str | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes one kernel and bias per class, each drawn as a dense layer's."""
        num_classes, features = input_shape[1:]

        def kernels(shape: tuple[int, ...], dtype: Any) -> Any:
            draw = [blocks.initializer("dense")(shape[1:], dtype) for _ in range(num_classes)]
            return keras.ops.stack(draw)

        self.kernel = self.add_weight(
            (num_classes, features, self.units), initializer=kernels, name="kernel"
        )
        self.bias = self.add_weight((num_classes, self.units), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Applies each class' weights to its features."""
        classes_first = keras.ops.transpose(inputs, (1, 0, 2))
        outputs = keras.ops.transpose(keras.ops.matmul(classes_first, self.kernel), (1, 0, 2))
        return keras.activations.get(self.activation)(outputs + self.bias)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`[batch, num_classes, units]`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "units": self.units, "activation": self.activation}
