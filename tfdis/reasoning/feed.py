"""How matrices reach the training step: as groups of panels, drawn in the graph."""

import dataclasses

import tensorflow as tf

from tfdis.batch import Inputs
from tfdis.data.feeding import Draw, Slab
from tfdis.errors import UserError
from tfdis.keys import Salt, subkey
from tfdis.reasoning.matrices import NUM_ANSWERS, SIDE, Matrices, MatrixRules
from tfdis.reasoning.panels import Panels

NUM_CONTEXT = SIDE * SIDE - 1
NUM_PANELS = NUM_CONTEXT + NUM_ANSWERS


class MatrixDraw(Draw):
    """Draws the images of matrices: for each, the context row by row, then the answers.

    Args:
        panels: the data set of the panels.
        rules: how matrices are made.
    """

    group_size: int = NUM_PANELS

    def __init__(self, panels: Panels, rules: MatrixRules) -> None:
        self._panels, self._rules = panels, rules
        self._values = [tf.constant(table, tf.int32) for table in panels.values]

    def matrices(self, key: tf.Tensor, batch_size: int) -> Matrices:
        """The matrices of the batch of this key."""
        return self._rules.draw(subkey(key, Salt.INDICES), batch_size // NUM_PANELS)

    def values(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """The values of the panels' factors, int32 `[batch, num_factors]`."""
        matrices = self.matrices(key, batch_size)
        panels = tf.concat([matrices.context, matrices.answers], axis=1)
        return tf.reshape(panels, [batch_size, panels.shape[-1]])

    def __call__(self, key: tf.Tensor, batch_size: int) -> tf.Tensor:
        """See `Draw`."""
        columns = tf.unstack(self.values(key, batch_size), axis=1)
        factors = [tf.gather(table, column) for table, column in zip(self._values, columns)]
        return self._panels.data.graph_index_of(tf.stack(factors, axis=1), subkey(key, Salt.GROUPS))


class MatrixFeed:
    """A feed of matrices; see `tfdis.data.feeding.Feed`.

    A batch's `factors` are the values in the matrices, and its `labels`, `[batch, 1]`, are 1 for
    the right answer.

    Args:
        panels: the data set of the panels.
        rules: how matrices are made.
    """

    def __init__(self, panels: Panels, rules: MatrixRules) -> None:
        self.draw = MatrixDraw(panels, rules)
        self._feed = panels.data.feed(self.draw)

    def slab(self, seed: int, first_step: int, num_steps: int, batch_size: int) -> Slab:
        """See `Feed.slab`."""
        return self._feed.slab(seed, first_step, num_steps, batch_size)

    def drawing(self, draw: Draw) -> "MatrixFeed":
        """See `Feed.drawing`.

        Raises:
            UserError: always; matrices follow rules, and no other draw gives any.
        """
        raise UserError(
            f"Matrices are drawn by the rules of pgm, not by {type(draw).__name__}: read a "
            "reasoning model's losses on matrices that it never saw in the results of tfdis-reason."
        )

    def batch(self, slab: Slab, position: tf.Tensor, key: tf.Tensor, batch_size: int) -> Inputs:
        """See `Feed.batch`."""
        inputs = self._feed.batch(slab, position, key, batch_size)
        right = tf.one_hot(self.draw.matrices(key, batch_size).position + NUM_CONTEXT, NUM_PANELS)
        return dataclasses.replace(
            inputs,
            factors=self.draw.values(key, batch_size),
            labels=tf.reshape(right, [batch_size, 1]),
        )
