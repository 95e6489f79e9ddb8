"""FSQ: bounded latents, rounded."""

from collections.abc import Sequence
from typing import Annotated, Any

import keras
import numpy as np
from annotated_types import Ge
from keras import ops

from tfdis.architectures.quantizer import Quantizer
from tfdis.config import configurable
from tfdis.errors import UserError

_EPSILON = 1e-3


@keras.saving.register_keras_serializable("tfdis")
class FiniteScalarQuantization(Quantizer):
    """Latents bounded by tanh and rounded to `levels` integers (Mentzer et al., 2024).

    round(tanh(x + shift) (L - 1)(1 - 0.001) / 2 - offset) / floor(L / 2) for L levels; where L is
    even the offset is 1/2, and the shift is tan(offset / ((L - 1)(1 - 0.001) / 2)), as in the
    paper's code. Nothing is learned, so that it needs no codebook loss.

    Args:
        levels: of each latent, or one number for all.
        **kwargs: of the layer.
    """

    def __init__(self, levels: int | Sequence[int] = 8, **kwargs: Any):
        super().__init__(**kwargs)
        self.levels = levels if isinstance(levels, int) else list(levels)

    def build(self, input_shape: tuple) -> None:
        """Works out the bounds.

        Raises:
            UserError: there are not as many levels as latents.
        """
        num_latents = input_shape[-1]
        if not isinstance(self.levels, int) and len(self.levels) != num_latents:
            raise UserError(
                f"finite_scalar_quantization.levels has {len(self.levels)} numbers: the encoder "
                f"has {num_latents} latents."
            )
        self._levels = np.full(num_latents, self.levels)
        self._half = ((self._levels - 1) * (1 - _EPSILON) / 2).astype(np.float32)
        self._offset = np.where(self._levels % 2 == 1, 0.0, 0.5).astype(np.float32)
        self._shift = np.tan(self._offset / self._half).astype(np.float32)
        self._width = (self._levels // 2).astype(np.float32)

    def _bounded(self, features: Any) -> Any:
        # As tensors: PyTorch would leave the graph for an array, and a trace would keep its result.
        shift, half, offset = map(ops.convert_to_tensor, (self._shift, self._half, self._offset))
        return ops.tanh(features + shift) * half - offset

    def continuous(self, features: Any) -> Any:
        """The codes between -1 and 1."""
        return self._bounded(features) / ops.convert_to_tensor(self._width)

    def nearest(self, features: Any) -> Any:
        """See `Quantizer.nearest`."""
        return ops.round(self._bounded(features)) / ops.convert_to_tensor(self._width)

    @property
    def values(self) -> list[np.ndarray]:
        """See `Quantizer.values`."""
        return [
            ((np.arange(levels) - levels // 2) / (levels // 2)).astype(np.float32)
            for levels in self._levels
        ]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "levels": self.levels}


@configurable("finite_scalar_quantization")
def finite_scalar_quantization(
    levels: Annotated[int, Ge(2)] | Sequence[int] = 8,
) -> FiniteScalarQuantization:
    """The gin name of `FiniteScalarQuantization`."""
    return FiniteScalarQuantization(levels, name="quantizer")
