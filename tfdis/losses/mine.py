"""The information of latents on the labels of other latents, estimated by networks."""

import math
from typing import Annotated, ClassVar

import keras
import tensorflow as tf
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.keys import Salt, subkey, uniform
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.supervised import labelled
from tfdis.losses.term import loss_term


@keras.saving.register_keras_serializable("tfdis")
class PairwiseStatistics(keras.layers.Layer):
    """One network for each pair of latent and label, with a hidden layer of 20 units and ELU.

    Args:
        units: of the hidden layer.
    """

    def __init__(self, units: int = 20, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, codes_shape: tuple, labels_shape: tuple) -> None:
        """Makes the weights of all networks, side by side."""
        shape = (codes_shape[-1], labels_shape[-1], self.units)
        # Each network's layers are from 1 to `units` and from `units` to 1.
        limit = math.sqrt(6.0 / (1 + self.units))
        start = keras.initializers.RandomUniform(-limit, limit)
        self.of_code = self.add_weight(shape=shape, initializer=start, name="of_code")
        self.of_label = self.add_weight(shape=shape, initializer=start, name="of_label")
        self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")
        self.out = self.add_weight(shape=shape, initializer=start, name="out")
        self.out_bias = self.add_weight(shape=shape[:2], initializer="zeros", name="out_bias")

    def call(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """One number for each pair, `[batch, num_latents, num_labels]`."""
        hidden = codes[:, :, None, None] * self.of_code + labels[:, None, :, None] * self.of_label
        return tf.reduce_sum(tf.nn.elu(hidden + self.bias) * self.out, axis=-1) + self.out_bias

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        return {**super().get_config(), "units": self.units}


@loss_term("label_information")
class LabelInformation(AdversarialTerm):
    """The squared mutual information of latents with the labels of other latents, summed.

    The information is estimated by the bound of Belghazi et al., "Mutual information neural
    estimation" (2018), Eq. 10: E[T(z, y)] - log E[exp T(z, y')], y' the labels in another order,
    with T a network for each pair, which maximizes it. After disentanglement_lib's `s2_mine_vae`.

    Attributes:
        adversary: codes and labels -> `[batch, num_latents, num_labels]`; None: `prepare` makes a
            `PairwiseStatistics`.
        optimizer: None: Adam with a rate of 0.01.
        num_labels: how many labels an image has.
    """

    needs_whole_batch: ClassVar[bool] = True
    value_name: ClassVar[str] = "supervised_loss"
    of_codes: ClassVar[bool] = False

    num_labels: Annotated[int, Ge(1)]

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `AdversarialTerm`."""
        for name in vars(self).get("_own", ()):
            setattr(self, name, None)
        self._own = tuple(name for name in ("adversary", "optimizer") if not getattr(self, name))
        if self.adversary is None:
            codes, labels = keras.Input((num_latents,)), keras.Input((self.num_labels,))
            self.adversary = keras.Model([codes, labels], PairwiseStatistics()(codes, labels))
        if self.optimizer is None:
            self.optimizer = keras.optimizers.Adam(0.01)
        super().prepare(num_latents, num_images)

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The sum over pairs of a latent and another one's label, a scalar."""
        information = self.information(outputs)
        own = tf.eye(information.shape[0], information.shape[1])
        return tf.reduce_sum(tf.square(information) * (1.0 - own))

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """What the networks minimize: the negative of all bounds, a scalar."""
        return -tf.reduce_sum(self.information(outputs))

    def information(self, outputs: Outputs) -> tf.Tensor:
        """The bound for each pair in nats, `[num_latents, num_labels]`."""
        codes, labels = labelled(outputs, self.name, self.num_labels)
        order = tf.argsort(uniform([tf.shape(labels)[0]], subkey(outputs.key, Salt.PERMUTATION)))
        joint = tf.cast(self.adversary([codes, labels]), tf.float32)
        apart = tf.cast(self.adversary([codes, tf.gather(labels, order)]), tf.float32)
        size = tf.cast(tf.shape(labels)[0], tf.float32)
        log_mean = tf.reduce_logsumexp(apart, axis=0) - tf.math.log(size)
        return tf.reduce_mean(joint, axis=0) - log_mean
