"""Tripod's normalized Hessian penalty on a decoder."""

from collections.abc import Callable, Sequence
from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge, Gt

from tfdis.batch import Outputs, gathered, num_replicas, own_rows
from tfdis.errors import UserError
from tfdis.keys import Salt, normal, subkey, uniform
from tfdis.losses.latent_multiinformation import spread_in
from tfdis.losses.term import LossTerm, loss_term

_TINY = 1e-10

# From codes `[batch, num_latents]` to activations, each `[batch, ...]`.
Activations = Callable[[tf.Tensor], Sequence[tf.Tensor]]


@loss_term("hessian_penalty", requires=["weight"])
class HessianPenalty(LossTerm):
    """Tripod's normalized Hessian penalty on the decoder, summed over its hidden layers.

    See `normalized_hessian_penalty`. Costs `4 * num_directions` decodings of the batch.

    It needs a decoder with smooth activations, as Tripod's GELU. The second derivatives of ReLU are
    zero except at its kinks, so that both variances depend on which directions happen to cross one,
    and their ratio is unbounded.

    Attributes:
        num_directions: random directions, of each of the two kinds.
        epsilon: the step along them, in standard deviations of the latents.
        layers: names of the decoder's layers; None: all that have weights but the last.
    """

    num_directions: Annotated[int, Ge(2)] = 2
    epsilon: Annotated[float, Gt(0)] = 0.1
    layers: tuple[str, ...] | None = None

    def see_decoder(self, decoder: keras.Model) -> None:
        """Called by a model with a decoder; takes the layers to penalize.

        Raises:
            UserError: the decoder has no such layer, or no hidden one.
        """
        names = [layer.name for layer in decoder.layers]
        unknown = [name for name in self.layers or () if name not in names]
        if unknown:
            raise UserError(
                f"hessian_penalty.layers names {', '.join(unknown)}: the decoder {decoder.name} "
                f"has {', '.join(names)}."
            )
        weighted = [layer.name for layer in decoder.layers if layer.weights][:-1]
        chosen = weighted if self.layers is None else self.layers
        if not chosen:
            raise UserError(f"The decoder {decoder.name} has no hidden layer to penalize.")
        network = keras.Model(decoder.input, [_output_in(decoder, name) for name in chosen])
        # A closure, since Keras would take a network among the attributes for a part of the term.
        self._activations = lambda codes: tf.nest.flatten(network(codes))

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The sum over layers of the mean over the batch, a scalar."""
        z, labels = outputs.z, outputs.inputs.labels
        key, size = subkey(outputs.key, Salt.DIRECTIONS), tf.shape(z)[0]
        shape = [self.num_directions, size * num_replicas(), z.shape[1]]
        signs = tf.where(uniform(shape, subkey(key, Salt.FIRST)) < 0.5, -1.0, 1.0)
        normals = normal(shape, subkey(key, Salt.SECOND))
        # Only the spread is of the whole batch: a replica decodes its own part alone.
        signs, normals = (tf.gather(each, own_rows(size), axis=1) for each in (signs, normals))
        spread = spread_in(gathered(outputs))

        def activations(codes: tf.Tensor) -> list[tf.Tensor]:
            if labels is not None:
                copies = tf.shape(codes)[0] // size
                codes = tf.concat([codes, tf.tile(labels, [copies, 1])], axis=-1)
            return [tf.cast(each, tf.float32) for each in self._activations(codes)]

        penalties = normalized_hessian_penalty(activations, z, spread, signs, normals, self.epsilon)
        return tf.add_n([tf.reduce_mean(penalty) for penalty in penalties])


def _output_in(network: keras.Model, name: str) -> keras.KerasTensor:
    """What a layer gives inside a network; `layer.output` of a nested network is its own inside."""
    nodes = [node for level in network._nodes_by_depth.values() for node in level]
    (node,) = [node for node in nodes if node.operation.name == name]
    return node.output_tensors[0]


def normalized_hessian_penalty(
    activations: Activations,
    z: tf.Tensor,
    spread: tf.Tensor,
    signs: tf.Tensor,
    normals: tf.Tensor,
    epsilon: float = 0.1,
) -> list[tf.Tensor]:
    """How much of a function's second derivatives mixes latents (Hsu et al., 2024).

    For each activation the variance of v^T H v over random v, averaged over its elements: with
    Rademacher v it is twice the sum of the squares off the Hessian's diagonal (Peebles et al.,
    2020), with normal v twice the sum of all squares. The penalty is the first over the
    second. v^T H v is a central difference along `epsilon * spread * v`.

    Args:
        activations: of the decoder.
        z: codes, `[batch, num_latents]`.
        spread: the scale of each latent, `[num_latents]`.
        signs: -1 or 1 at random, `[num_directions, batch, num_latents]`.
        normals: standard normal draws of the same shape.
        epsilon: the step of the difference.

    Returns:
        One `[batch]` for each activation.
    """
    count, directions = tf.shape(signs)[0], tf.concat([signs, normals], axis=0)
    steps = epsilon * spread * directions
    flat = tf.reshape(tf.concat([z + steps, z - steps], axis=0), [-1, z.shape[1]])
    penalties = []
    for moved, here in zip(activations(flat), activations(z), strict=True):
        moved = tf.reshape(moved, tf.concat([[2, 2 * count], tf.shape(here)], axis=0))
        second = (moved[0] - 2.0 * here + moved[1]) / epsilon**2
        mixed, everything = (
            tf.reduce_mean(
                tf.math.reduce_variance(part, axis=0), axis=list(range(1, here.shape.rank))
            )
            for part in (second[:count], second[count:])
        )
        penalties.append(mixed / (everything + _TINY))
    return penalties
