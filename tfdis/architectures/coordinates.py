"""The base class of layers on a grid of coordinates."""

from typing import Any

import keras
import numpy as np


class GridLayer(keras.layers.Layer):
    """A layer with an output for each place of a grid.

    Args:
        height: rows; y goes from -1 to 1.
        width: columns; x goes from -1 to 1.
    """

    def __init__(self, height: int, width: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.height, self.width = height, width

    def places(self, dtype: str) -> Any:
        """The coordinates (y, x) of every place, `[height, width, 2]`."""
        rows, columns = np.linspace(-1, 1, self.height), np.linspace(-1, 1, self.width)
        places = np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1)
        return keras.ops.cast(places, dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "height": self.height, "width": self.width}
