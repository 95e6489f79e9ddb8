"""The reasoning part of the Wild Relation Network (Barrett et al., 2018)."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfdis.keys import uniform


@keras.saving.register_keras_serializable("tfdis")
class WildRelationNetwork(keras.layers.Layer):
    """A score for each answer: how well it completes the context.

    Each answer joins the context as a ninth node. The edges of all pairs of nodes, also of a node
    with itself, go through one network and are summed (Santoro et al., 2017, Eq. 1); another
    network makes a score of the sum.

    Args:
        edge_mlp: units of the layers of the edges' network.
        graph_mlp: units of the layers of the network that gives the score.
        keep: the share of the last hidden layer's units that training keeps, the same for a whole
            batch; None: all.
        activation: of the hidden layers.
        kernel_initializer: of all layers.
    """

    def __init__(
        self,
        edge_mlp: Sequence[int],
        graph_mlp: Sequence[int],
        keep: float | None = None,
        activation: Any = "relu",
        kernel_initializer: Any = "lecun_normal",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.edge_mlp, self.graph_mlp, self.keep = list(edge_mlp), list(graph_mlp), keep
        self.activation = keras.activations.get(activation)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)

    def build(self, shape: tuple) -> None:
        """Makes the layers for nodes of `shape[-1]` dimensions; `shape[-2]` nodes."""
        width = shape[-2] + shape[-1]
        # The edges' first layer on (node i, node j) is the sum of a layer on each: it is computed
        # per node and not per edge. One matrix, so that its initial scale is that of the pair.
        self.first_kernel = self.add_weight(
            shape=(2 * width, self.edge_mlp[0]),
            initializer=self.kernel_initializer,
            name="first_kernel",
        )
        self.first_bias = self.add_weight(
            shape=(self.edge_mlp[0],), initializer="zeros", name="first_bias"
        )
        self.edge_layers = self._dense(self.edge_mlp[1:], self.edge_mlp[0])
        self.graph_layers = self._dense(self.graph_mlp, self.edge_mlp[-1])
        self.score = keras.layers.Dense(1, kernel_initializer=self._fresh())
        self.score.build((None, self.graph_mlp[-1]))

    def call(self, nodes: tf.Tensor, key: tf.Tensor | None = None) -> tf.Tensor:
        """The scores, `[batch, num_answers]`.

        Args:
            nodes: the context with each answer, `[batch, num_answers, num_nodes, width]`.
            key: int32 `[2]`, the seed of what is dropped in training; None: nothing is.
        """
        num_nodes = nodes.shape[-2]
        place = tf.broadcast_to(
            tf.eye(num_nodes), [*tf.unstack(tf.shape(nodes)[:2]), *[num_nodes] * 2]
        )
        nodes = tf.concat([nodes, place], axis=-1)
        width = nodes.shape[-1]
        one, other = nodes @ self.first_kernel[:width], nodes @ self.first_kernel[width:]
        edges = self.activation(one[..., :, None, :] + other[..., None, :, :] + self.first_bias)
        for layer in self.edge_layers:
            edges = layer(edges)
        graph = tf.reduce_sum(edges, axis=(-3, -2))
        for layer in self.graph_layers:
            graph = layer(graph)
        if self.keep is not None and key is not None:
            kept = uniform([graph.shape[-1]], key) < self.keep
            graph *= tf.cast(kept, graph.dtype) / self.keep
        return self.score(graph)[..., 0]

    def _dense(self, units: Sequence[int], width: int) -> list[keras.layers.Layer]:
        layers = []
        for size in units:
            layers.append(
                keras.layers.Dense(
                    size, activation=self.activation, kernel_initializer=self._fresh()
                )
            )
            layers[-1].build((None, width))
            width = size
        return layers

    def _fresh(self) -> keras.initializers.Initializer:
        """An initializer of its own seed for each layer."""
        return self.kernel_initializer.clone()

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            **super().get_config(),
            "edge_mlp": self.edge_mlp,
            "graph_mlp": self.graph_mlp,
            "keep": self.keep,
            "activation": keras.activations.serialize(self.activation),
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
