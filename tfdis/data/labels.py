"""Labels for conditional models, from any factors of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.sampling import factor_index
from tfdis.errors import UserError


@dataclass(frozen=True)
class Labels:
    """Some factors of a data set, as labels.

    Attributes:
        names: of the factors.
        columns: their places among the data set's factors.
        class_counts: the number of values of each.
        class_weights: one weight per class of each factor, `[sum of class_counts]`: 1 minus the
            share of the images that are of this class, so that rare ones weigh more.
        value_names: the names of the classes of each factor, or () for one whose values have none.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...]
    class_counts: tuple[int, ...]
    class_weights: np.ndarray
    value_names: tuple[tuple[str, ...], ...] = ()

    @property
    def groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each factor with the names of its classes: "scale 0", "scale 1" where they have none."""
        given = self.value_names or ((),) * len(self.names)
        return tuple(
            (name, tuple(values) or tuple(f"{name} {value}" for value in range(count)))
            for name, count, values in zip(self.names, self.class_counts, given)
        )

    def one_hot(self, factors: tf.Tensor) -> tf.Tensor:
        """Encodes the labels of a batch, in or out of the graph.

        Args:
            factors: all factors of the data set, int `[batch, num_factors]`.

        Returns:
            float32 `[batch, sum of class_counts]`, factor after factor.
        """
        parts = [
            tf.one_hot(factors[:, column], count)
            for column, count in zip(self.columns, self.class_counts)
        ]
        return tf.concat(parts, axis=-1)


def select_labels(data: GroundTruthData, factors: Sequence[int | str] | int | str) -> Labels:
    """Selects factors as labels.

    Args:
        data: the data set.
        factors: one or several, by index or by name.

    Raises:
        UserError: none is given, one is given twice, or one does not exist; names those that do.

    Example:
        >>> labels = select_labels(data, ["shape", "scale"])
        >>> labels.one_hot(factors).shape
        TensorShape([64, 9])
    """
    if isinstance(factors, int | str):
        factors = [factors]
    columns = tuple(factor_index(data, factor) for factor in factors)
    if not columns or len(set(columns)) < len(columns):
        raise UserError(
            f"Labels have to be different factors, not {list(factors)}; '{data.name}' has: "
            f"{', '.join(data.factor_names) or 'none'}."
        )
    frequencies = data.value_frequencies()
    names = tuple(data.factor_names[column] for column in columns)
    return Labels(
        names=names,
        columns=columns,
        class_counts=tuple(data.factors_num_values[column] for column in columns),
        class_weights=np.concatenate([1 - frequencies[c] for c in columns]).astype(np.float32),
        value_names=tuple(tuple(data.value_names.get(name, ())) for name in names),
    )
