"""The two-stage model of the abstract-reasoning study: embed the panels, then reason."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import gin
import keras
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.losses.term import LossTerm, loss_term
from tfdis.models.model_of_terms import ModelOfTerms
from tfdis.optimizers import adam
from tfdis.reasoning.embeddings import (
    Embedding,
    FactorEmbedding,
    get_activation,
    get_kernel_initializer,
)
from tfdis.reasoning.feed import NUM_CONTEXT, NUM_PANELS
from tfdis.reasoning.matrices import NUM_ANSWERS
from tfdis.reasoning.panels import Panels
from tfdis.reasoning.wild_relation_network import WildRelationNetwork


@loss_term("answer_cross_entropy")
class AnswerCrossEntropy(LossTerm):
    """The cross-entropy of the right answer, and how often it has the highest score."""

    report_names: ClassVar[tuple[str, ...]] = ("accuracy",)

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean cross-entropy in nats, a scalar."""
        entropy = tf.nn.softmax_cross_entropy_with_logits(outputs["right"], outputs["scores"])
        return tf.reduce_mean(entropy)

    def value_and_report(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """See `LossTerm.value_and_report`."""
        hits = tf.argmax(outputs["right"], axis=1) == tf.argmax(outputs["scores"], axis=1)
        return self(outputs=outputs), {"accuracy": tf.reduce_mean(tf.cast(hits, tf.float32))}


@keras.saving.register_keras_serializable("tfdis")
class ReasoningModel(ModelOfTerms):
    """Scores the answers of Raven-like matrices.

    A batch is one of `MatrixFeed`.

    Args:
        embedding: makes a vector of each panel.
        reasoning: makes scores of the vectors.
        seed: of what is dropped in training.
    """

    group_size: int = NUM_PANELS

    def __init__(
        self, embedding: Embedding, reasoning: WildRelationNetwork, seed: int = 0, **kwargs: Any
    ):
        super().__init__([AnswerCrossEntropy()], num_latents=0, seed=seed, **kwargs)
        self.embedding, self.reasoning = embedding, reasoning
        self.built = True

    def scores(self, inputs: Inputs, key: tf.Tensor | None = None) -> tf.Tensor:
        """The scores of the answers, `[matrices, NUM_ANSWERS]`.

        Args:
            inputs: a batch of panels.
            key: int32 `[2]`, the seed of what is dropped in training; None: nothing is.
        """
        codes = self.embedding(inputs=inputs)
        panels = tf.reshape(codes, [-1, NUM_PANELS, codes.shape[-1]])
        context = tf.repeat(panels[:, None, :NUM_CONTEXT], NUM_ANSWERS, axis=1)
        nodes = tf.concat([context, panels[:, NUM_CONTEXT:, None]], axis=2)
        return self.reasoning(nodes, key=key)

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`."""
        right = tf.reshape(inputs.labels, [-1, NUM_PANELS])[:, NUM_CONTEXT:]
        scores = self.scores(inputs, key if training else None)
        outputs = Outputs(inputs, None, None, step, key)
        return outputs.adding(scores=scores, right=right)

    def call(self, inputs: Inputs) -> tf.Tensor:
        """See `scores`."""
        return self.scores(inputs)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        serialize = keras.saving.serialize_keras_object
        return {
            "embedding": serialize(self.embedding),
            "reasoning": serialize(self.reasoning),
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ReasoningModel":
        """The model of a `get_config`."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in ("embedding", "reasoning")
        }
        return cls(**{**config, **parts})


@configurable("OptimizedWildRelNet")
def optimized_wild_rel_net(
    edge_mlp: Sequence[int] = gin.REQUIRED,
    graph_mlp: Sequence[int] = gin.REQUIRED,
    dropout_in_last_graph_layer: float | None = gin.REQUIRED,
) -> WildRelationNetwork:
    """The reasoning of the study, by disentanglement_lib's name; see `WildRelationNetwork`.

    Args:
        edge_mlp: units of the layers of the edges' network.
        graph_mlp: units of the layers of the network that gives the score.
        dropout_in_last_graph_layer: the share of units that is kept, as there; None or 0: all.
    """
    return WildRelationNetwork(
        edge_mlp,
        graph_mlp,
        dropout_in_last_graph_layer or None,
        get_activation(),
        get_kernel_initializer(),
    )


@configurable("TwoStageModel")
def two_stage_model(
    embedding_model_class: str | Callable[..., Embedding] = gin.REQUIRED,
    reasoning_model_class: Callable[[], WildRelationNetwork] = gin.REQUIRED,
    optimizer_fn: Callable[[], keras.optimizers.Optimizer] = adam,
) -> Callable[[Panels, int], ReasoningModel]:
    """The model of the study: given panels and a seed, it makes the model, compiled.

    Args:
        embedding_model_class: "values" or "onehot" for the true factors, `@BaselineCNNEmbedder` for
            learned features, `@HubEmbedding` for a frozen representation.
        reasoning_model_class: `@OptimizedWildRelNet`.
        optimizer_fn: gives the optimizer.

    Raises:
        UserError: the embedding is none of these.
    """
    if isinstance(embedding_model_class, str) and embedding_model_class not in ("values", "onehot"):
        raise UserError(
            "TwoStageModel.embedding_model_class has to be 'values', 'onehot', "
            f"@BaselineCNNEmbedder or @HubEmbedding, not '{embedding_model_class}'."
        )

    def make(panels: Panels, seed: int) -> ReasoningModel:
        if isinstance(embedding_model_class, str):
            embedding = FactorEmbedding(panels.num_values, embedding_model_class == "onehot")
        else:
            embedding = embedding_model_class(panels.data.observation_shape)
        model = ReasoningModel(embedding, reasoning_model_class(), seed)
        model.scores(_example(panels))  # so that all weights are there
        model.compile(optimizer_fn())
        return model

    return make


def _example(panels: Panels) -> Inputs:
    images = tf.zeros([NUM_PANELS, *panels.data.observation_shape])
    return Inputs(images, factors=tf.zeros([NUM_PANELS, panels.data.num_factors], tf.int32))
