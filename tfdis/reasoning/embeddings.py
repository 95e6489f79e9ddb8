"""Embeddings of a panel: its factors, learned features, or a frozen representation."""

from collections.abc import Callable, Sequence
from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.architectures.building_blocks import Initializer
from tfdis.batch import Inputs
from tfdis.config import configurable
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory
from tfdis.reasoning.matrices import embed_one_hot, embed_values


class Embedding(keras.layers.Layer):
    """Makes a vector of each panel; a subclass writes `of`."""

    def call(self, inputs: Inputs) -> tf.Tensor:
        """The vectors of a batch of panels, float32 `[batch, width]`."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("tfdis")
class FactorEmbedding(Embedding):
    """The true factors, as numbers from -0.5 to 0.5 or one-hot.

    Args:
        num_values: of each factor.
        one_hot: one-hot, factor after factor.
    """

    def __init__(self, num_values: Sequence[int], one_hot: bool, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_values, self.one_hot = list(num_values), one_hot
        self.built = True

    def call(self, inputs: Inputs) -> tf.Tensor:
        """See `Embedding`."""
        embed = embed_one_hot if self.one_hot else embed_values
        return embed(inputs.factors, self.num_values)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        config = super().get_config()
        return {**config, "num_values": self.num_values, "one_hot": self.one_hot}


@keras.saving.register_keras_serializable("tfdis")
class LearnedEmbedding(Embedding):
    """Features of the panels' images, learned with the reasoning.

    Args:
        network: images to features `[batch, width]`; built.
    """

    def __init__(self, network: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        self.network = network
        self.built = True

    def call(self, inputs: Inputs) -> tf.Tensor:
        """See `Embedding`."""
        return tf.cast(self.network(inputs.images), tf.float32)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LearnedEmbedding":
        """The layer of a `get_config`."""
        network = keras.saving.deserialize_keras_object(config.pop("network"))
        return cls(network, **config)


@keras.saving.register_keras_serializable("tfdis")
class FrozenEmbedding(Embedding):
    """The representation of a saved model, which does not change.

    Args:
        path: a directory of training or postprocessing, or a TF-Hub module.

    Raises:
        UserError: there is no model, or it has no representation.
    """

    def __init__(self, path: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.directory = str(path)
        # In a tuple, where Keras does not look for variables: these are not this model's.
        opened = SavedModelDirectory(path)
        encoded = "representation" not in opened.signatures
        function = opened.signature("gaussian_encoder" if encoded else "representation")
        self._frozen = (opened, function, "mean" if encoded else "default")
        self.built = True

    def call(self, inputs: Inputs) -> tf.Tensor:
        """See `Embedding`."""
        _, function, output = self._frozen
        return tf.stop_gradient(function(images=inputs.images)[output])

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "path": self.directory}


@configurable("activation")
def get_activation(activation: str | Callable[..., Any] = "relu") -> Callable:
    """The activation of the reasoning's hidden layers.

    Args:
        activation: as Keras takes it; or "lrelu", with a slope of 0.2.
    """
    if activation == "lrelu":
        return keras.layers.LeakyReLU(0.2)
    return keras.activations.get(activation)


@configurable("kernel_initializer")
def get_kernel_initializer(kernel_initializer: Initializer = "lecun_normal") -> Any:
    """The initializer of the reasoning's layers, as Keras takes it."""
    return kernel_initializer


@configurable("BaselineCNNEmbedder")
def baseline_cnn_embedder(
    observation_shape: Sequence[int], num_latent: int = gin.REQUIRED, width: float = 1.0
) -> LearnedEmbedding:
    """Four convolutions, as in the encoder of the study.

    Args:
        observation_shape: of a panel.
        num_latent: required by disentanglement_lib and not used: all features of the
            last convolution are the embedding.
        width: multiplies the number of channels.
    """
    del num_latent
    images = keras.Input(tuple(observation_shape))
    features = images
    for channels in (32, 32, 64, 64):
        features = keras.layers.Conv2D(
            max(1, round(width * channels)),
            4,
            2,
            padding="same",
            activation=get_activation(),
            kernel_initializer=get_kernel_initializer(),
        )(features)
    return LearnedEmbedding(keras.Model(images, keras.layers.Flatten()(features)))


@configurable("HubEmbedding")
def hub_embedding(
    observation_shape: Sequence[int], hub_path: str = gin.REQUIRED
) -> FrozenEmbedding:
    """The representation of a saved model.

    Args:
        observation_shape: of a panel; the model says itself what it takes.
        hub_path: see `FrozenEmbedding`; `tfdis-reason --input_dir` sets it.
    """
    del observation_shape
    return FrozenEmbedding(hub_path)
