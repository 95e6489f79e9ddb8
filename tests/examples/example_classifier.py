"""An example of a network without a decoder: it reads a factor from an image."""

import keras
import tensorflow as tf

from tfdis.architectures.encoders import make_encoder
from tfdis.batch import Outputs
from tfdis.config import configurable
from tfdis.losses.term import LossTerm, loss_term
from tfdis.models.build import Builder
from tfdis.models.model_of_terms import ModelOfTerms


@loss_term("example_cross_entropy")
class ExampleCrossEntropy(LossTerm):
    """The cross-entropy of one factor in nats.

    Attributes:
        factor: its place among the factors.
    """

    factor: int = 0

    def call(self, outputs):
        """The mean over the batch, a scalar."""
        labels = outputs.inputs.factors[:, self.factor]
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=outputs.logits)
        )


@keras.saving.register_keras_serializable("examples")
class ExampleClassifier(ModelOfTerms):
    """Images to the logits of a factor's values."""

    def __init__(self, network, terms, num_images=None, seed=0, **kwargs):
        super().__init__(terms, network.outputs[0].shape[-1], num_images, seed, **kwargs)
        self.network = network
        self.built = True

    def call(self, images, training=None):
        """The logits."""
        return self.network(images, training=training)

    def forward(self, inputs, step, key, training):
        """See `ModelOfTerms.forward`."""
        return Outputs(inputs, None, self(inputs.images, training=training), step, key)

    def get_config(self):
        """The arguments that make this model again."""
        serialize = keras.saving.serialize_keras_object
        return {"network": serialize(self.network), "terms": [serialize(t) for t in self.terms]}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model of a `get_config`."""
        load = keras.saving.deserialize_keras_object
        return cls(load(config["network"]), [load(term) for term in config["terms"]])


@configurable("example_classifier")
def example_classifier(factor: int = 0) -> Builder:
    """The model, for `model.model`."""

    def make(data, seed):
        size = data.factors_num_values[factor]
        network = make_encoder(data.observation_shape, num_latent=size, deterministic=True)
        return ExampleClassifier(network, [ExampleCrossEntropy(factor=factor)], seed=seed)

    return make
