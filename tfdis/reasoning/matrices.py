"""Raven-like matrices in the space of factors (van Steenkiste et al., 2019, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import tensorflow as tf

from tfdis.errors import UserError
from tfdis.keys import Salt, bits, subkey, uniform

SIDE = 3  # rows and columns
NUM_ANSWERS = 6


@dataclass(frozen=True)
class Matrices:
    """A batch of matrices, as values of factors.

    Attributes:
        panels: the whole matrix, the solution in its last place; int32
            `[batch, SIDE, SIDE, num_factors]`.
        answers: the solution among wrong ones, int32 `[batch, NUM_ANSWERS, num_factors]`.
        position: where among the answers the solution is, int32 `[batch]`.
        related: the factors that are constant along every row, bool `[batch, num_factors]`.
    """

    panels: tf.Tensor
    answers: tf.Tensor
    position: tf.Tensor
    related: tf.Tensor

    @property
    def context(self) -> tf.Tensor:
        """The panels without the last, int32 `[batch, SIDE * SIDE - 1, num_factors]`."""
        batch_size, num_factors = self.related.shape
        return tf.reshape(self.panels, [batch_size, SIDE * SIDE, num_factors])[:, :-1]


class MatrixRules:
    """Draws matrices by the rules of the paper, keyed, in or out of the graph.

    One, two or three factors are related: each is constant along every row. Every other factor is
    drawn freely, but such that its first two rows are neither both constant nor both of all
    different values, so that they show no rule. A wrong answer breaks at least one relation:

    - "easy": every factor of it is drawn again, until a relation is broken;
    - "hard": exactly one related factor has another value; the factors that are not related are
      drawn again, so that they carry nothing.

    The distributions are those of disentanglement_lib's `PGM`, without its rejected draws. Wrong
    answers are independent of each other, as they are there.

    Args:
        num_values: of each factor; between 3 and 10.
        alternatives: how wrong answers are made.
        num_relations: the probability of 1, 2 and 3 related factors.

    Raises:
        UserError: a factor has too few or too many values, or there are fewer factors than
            relations.
    """

    def __init__(
        self,
        num_values: Sequence[int],
        alternatives: Literal["easy", "hard"],
        num_relations: Sequence[float],
    ) -> None:
        if min(num_values) < SIDE or max(num_values) > 10:
            raise UserError(
                f"Matrices need factors of {SIDE} to 10 values, not {list(num_values)}: set "
                "pgm.num_values to fewer values of each."
            )
        most = 1 + int(np.flatnonzero(num_relations)[-1])
        if len(num_values) < most:
            raise UserError(
                f"Matrices with {most} relations need as many factors, and there are only "
                f"{len(num_values)}."
            )
        self.num_values = np.asarray(num_values, np.int32)
        self._alternatives = {"easy": self._easy, "hard": self._hard}[alternatives]
        self._bounds = np.cumsum(num_relations, dtype=np.float32)[:-1]
        self._unruly = {size: _unruly_rows(size) for size in set(self.num_values.tolist())}

    def draw(self, key: tf.Tensor, batch_size: int) -> Matrices:
        """The matrices of this key."""
        related_key, rows_key, free_key, wrong_key, place_key = (
            subkey(key, number) for number in range(5)
        )
        shape = [batch_size, len(self.num_values)]
        related = self._draw_related(related_key, shape)
        constant = self._values([batch_size, SIDE, 1, shape[1]], rows_key)
        panels = tf.where(related[:, None, None], constant, self._draw_free(free_key, batch_size))
        solution = panels[:, -1, -1]
        wrong = self._alternatives(wrong_key, solution, related)
        position = _below(NUM_ANSWERS, uniform([batch_size], place_key))
        # Answer k is wrong answer k before the solution's place, and k - 1 after it.
        places = np.arange(NUM_ANSWERS, dtype=np.int32)
        source = places - tf.cast(places > position[:, None], tf.int32)
        answers = tf.gather(wrong, tf.minimum(source, NUM_ANSWERS - 2), batch_dims=1)
        here = (places == position[:, None])[..., None]
        return Matrices(panels, tf.where(here, solution[:, None], answers), position, related)

    def _draw_related(self, key: tf.Tensor, shape: list[int]) -> tf.Tensor:
        number = tf.searchsorted(self._bounds, uniform(shape[:1], key), side="right")
        order = tf.argsort(uniform(shape, subkey(key, Salt.SECOND)), axis=1)
        rank = tf.argsort(order, axis=1)
        return rank <= tf.cast(number, tf.int32)[:, None]

    def _draw_free(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """Factors without any relation, `[batch, SIDE, SIDE, num_factors]`."""
        pairs = []
        for factor, size in enumerate(self.num_values.tolist()):
            table = self._unruly[size]
            drawn = bits([batch_size], subkey(key, factor)) % np.uint32(len(table))
            code = tf.gather(table, tf.cast(drawn, tf.int32))[:, None]
            pairs.append(code // size ** np.arange(2 * SIDE, dtype=np.int32) % size)
        first = tf.reshape(tf.stack(pairs, axis=-1), [batch_size, 2, SIDE, len(pairs)])
        last = self._values([batch_size, 1, SIDE, len(pairs)], subkey(key, len(pairs)))
        return tf.concat([first, last], axis=1)

    def _easy(self, key: tf.Tensor, solution: tf.Tensor, related: tf.Tensor) -> tf.Tensor:
        # The values of the related factors are one number in mixed radix; any other number will do.
        sizes = tf.where(related, self.num_values, 1)
        strides = tf.math.cumprod(sizes, axis=1, exclusive=True)
        total = tf.reduce_prod(sizes, axis=1, keepdims=True)
        shape = [solution.shape[0], NUM_ANSWERS - 1]
        code = tf.reduce_sum(solution % sizes * strides, axis=1, keepdims=True)
        code = (code + 1 + _below(total - 1, uniform(shape, key))) % total
        values = code[..., None] // strides[:, None] % sizes[:, None]
        return tf.where(related[:, None], values, self._anew(key, shape))

    def _hard(self, key: tf.Tensor, solution: tf.Tensor, related: tf.Tensor) -> tf.Tensor:
        shape = [solution.shape[0], NUM_ANSWERS - 1]
        # disentanglement_lib redraws until a value changes: a factor of n values is as likely to be
        # the one as (n - 1) / n.
        weights = tf.where(related, 1 - 1 / self.num_values.astype(np.float32), 0.0)
        bounds = tf.cumsum(weights, axis=1)[:, None]
        chosen = uniform([*shape, 1], subkey(key, Salt.SECOND)) * bounds[..., -1:]
        index = tf.reduce_sum(tf.cast(bounds <= chosen, tf.int32), axis=-1)
        changed = tf.range(len(self.num_values)) == index[..., None]
        moved = 1 + _below(self.num_values - 1, uniform([*shape, 1], key))
        values = tf.where(changed, (solution[:, None] + moved) % self.num_values, solution[:, None])
        return tf.where(related[:, None], values, self._anew(key, shape))

    def _anew(self, key: tf.Tensor, shape: list[int]) -> tf.Tensor:
        return self._values([*shape, len(self.num_values)], subkey(key, Salt.THIRD))

    def _values(self, shape: list[int], key: tf.Tensor) -> tf.Tensor:
        return _below(self.num_values, uniform(shape, key))


def embed_values(factors: tf.Tensor, num_values: Sequence[int]) -> tf.Tensor:
    """Values of factors as numbers from -0.5 to 0.5, float32 `[..., num_factors]`."""
    return tf.cast(factors, tf.float32) / (np.asarray(num_values, np.float32) - 1) - 0.5


def embed_one_hot(factors: tf.Tensor, num_values: Sequence[int]) -> tf.Tensor:
    """Values of factors one-hot, factor after factor, float32 `[..., sum of num_values]`."""
    parts = [tf.one_hot(factors[..., i], size) for i, size in enumerate(num_values)]
    return tf.concat(parts, axis=-1)


def _below(bound: int | np.ndarray | tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
    """Whole numbers in [0, bound) from uniform draws in (0, 1), int32."""
    return tf.cast(tf.floor(drawn * tf.cast(bound, tf.float32)), tf.int32)


def _unruly_rows(size: int) -> np.ndarray:
    """The pairs of rows that show no rule, each as one number in radix `size`, int32."""
    rows = np.stack(np.unravel_index(np.arange(size**SIDE), (size,) * SIDE), axis=-1)
    different = np.array([len(set(row)) for row in rows.tolist()])
    both = [np.logical_and.outer(different == n, different == n) for n in (1, SIDE)]
    return np.flatnonzero(~(both[0] | both[1]).ravel()).astype(np.int32)
