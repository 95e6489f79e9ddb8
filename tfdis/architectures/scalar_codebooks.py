"""QLAE's quantizer: learned values for each latent."""

from typing import Annotated, Any

import keras
import numpy as np
from annotated_types import Ge
from keras import ops

from tfdis.architectures.quantizer import Quantizer
from tfdis.config import configurable


@keras.saving.register_keras_serializable("tfdis")
class ScalarCodebooks(Quantizer):
    """A codebook of scalars per latent (QLAE; Hsu et al., 2023).

    Each starts with even steps from -1/2 to 1/2, and learns from the term `quantization`.

    Args:
        num_values: of each latent.
        **kwargs: of the layer.
    """

    def __init__(self, num_values: int = 10, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_values = num_values

    def build(self, input_shape: tuple) -> None:
        """Makes the codebooks, `[num_latents, num_values]`."""

        def evenly(shape: tuple, dtype: Any) -> Any:
            return ops.tile(ops.linspace(-0.5, 0.5, shape[1], dtype=dtype)[None], (shape[0], 1))

        self.codebooks = self.add_weight(
            shape=(input_shape[-1], self.num_values), initializer=evenly, name="codebooks"
        )

    def continuous(self, features: Any) -> Any:
        """The features themselves."""
        return features

    def nearest(self, features: Any) -> Any:
        """See `Quantizer.nearest`."""
        codebooks = ops.convert_to_tensor(self.codebooks)
        distance = ops.abs(features[..., None] - codebooks)
        # Not an argmin, for which ONNX has no operator as Keras writes it; a tie takes the middle.
        chosen = ops.cast(distance <= ops.min(distance, axis=-1, keepdims=True), distance.dtype)
        return ops.sum(chosen * codebooks, axis=-1) / ops.sum(chosen, axis=-1)

    @property
    def values(self) -> list[np.ndarray]:
        """See `Quantizer.values`."""
        return list(np.sort(ops.convert_to_numpy(self.codebooks), axis=1))

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "num_values": self.num_values}


@configurable("scalar_codebooks")
def scalar_codebooks(num_values: Annotated[int, Ge(2)] = 10) -> ScalarCodebooks:
    """The gin name of `ScalarCodebooks`."""
    return ScalarCodebooks(num_values, name="quantizer")
