"""Tripod's quantizer: a fixed grid between -1 and 1."""

from typing import Annotated, Any

import keras
import numpy as np
from annotated_types import Ge
from keras import ops

from tfdis.architectures.quantizer import Quantizer
from tfdis.config import configurable


@keras.saving.register_keras_serializable("tfdis")
class FiniteLattice(Quantizer):
    """Latents bounded by tanh, rounded to `num_values` even steps from -1 to 1.

    QLAE's grid as Tripod fixes it (Hsu et al., 2024). Nothing is learned.

    Args:
        num_values: of each latent.
        **kwargs: of the layer.
    """

    def __init__(self, num_values: int = 12, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_values = num_values

    def build(self, input_shape: tuple) -> None:
        """Takes the number of latents."""
        self._num_latents = input_shape[-1]

    def continuous(self, features: Any) -> Any:
        """The codes between -1 and 1."""
        return ops.tanh(features)

    def nearest(self, features: Any) -> Any:
        """See `Quantizer.nearest`."""
        steps = self.num_values - 1
        return 2.0 * ops.round((ops.tanh(features) + 1.0) / 2.0 * steps) / steps - 1.0

    @property
    def values(self) -> list[np.ndarray]:
        """See `Quantizer.values`."""
        return [np.linspace(-1, 1, self.num_values, dtype=np.float32)] * self._num_latents

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "num_values": self.num_values}


@configurable("finite_lattice")
def finite_lattice(num_values: Annotated[int, Ge(2)] = 12) -> FiniteLattice:
    """The gin name of `FiniteLattice`."""
    return FiniteLattice(num_values, name="quantizer")
