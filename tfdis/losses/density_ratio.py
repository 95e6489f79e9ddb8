"""FactorVAE's total correlation, by the density-ratio trick."""

from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.architectures.discriminators import make_discriminator
from tfdis.config import configurable
from tfdis.keys import subkey, uniform
from tfdis.losses.term import AdversarialTerm, Batch, Weight
from tfdis.optimizers import make_discriminator_optimizer

_ORDER_SALT = 0x4D5


@keras.saving.register_keras_serializable("tfdis")
class DensityRatio(AdversarialTerm):
    """E_q(z)[log D(z) - log(1 - D(z))], the total correlation in Eq. 3 of Kim and Mnih (2018).

    A discriminator tells codes of q(z) (class 0) from codes whose latents were permuted over the
    batch one by one, which are as if drawn from prod_l q(z_l) (class 1).

    Args:
        discriminator: codes `[batch, num_latents]` -> logits `[batch, 2]`; None takes gin's.
        optimizer: trains the discriminator; None takes gin's `discriminator_optimizer`.
        second_batch: permute the codes of a second batch, as algorithm 2 of the paper does; else
            those of the same batch, as disentanglement_lib does.
        weight: gamma.
        name: see `LossTerm`.
    """

    needs_whole_batch = True

    def __init__(
        self,
        discriminator: keras.Model | None = None,
        optimizer: keras.optimizers.Optimizer | None = None,
        second_batch: bool = False,
        weight: Weight = 1.0,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        self.adversary = _deserialized(discriminator)
        self.optimizer = _deserialized(optimizer)
        self.needs_second_batch = second_batch

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Makes what was left to gin."""
        if self.adversary is None:
            self.adversary = make_discriminator(num_latents)
        if self.optimizer is None:
            self.optimizer = make_discriminator_optimizer()
        if not self.optimizer.built:
            self.optimizer.build(self.adversary.trainable_variables)

    def call(self, batch: Batch) -> tf.Tensor:
        """The mean log odds that the codes are not permuted, a scalar."""
        logits = tf.cast(self.adversary(batch.z), tf.float32)
        return tf.reduce_mean(logits[:, 0] - logits[:, 1])

    def adversary_loss(self, batch: Batch) -> tf.Tensor:
        """The cross-entropy of the discriminator (the last line of algorithm 2), a scalar."""
        source = batch.second_z if self.needs_second_batch else batch.z
        permuted = permute_codes(source, batch.key)
        real = tf.cast(self.adversary(batch.z, training=True), tf.float32)
        fake = tf.cast(self.adversary(permuted, training=True), tf.float32)
        log_real, log_fake = tf.nn.log_softmax(real), tf.nn.log_softmax(fake)
        return -0.5 * (tf.reduce_mean(log_real[:, 0]) + tf.reduce_mean(log_fake[:, 1]))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "discriminator": keras.saving.serialize_keras_object(self.adversary),
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "second_batch": self.needs_second_batch,
        }


def permute_codes(z: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Permutes each latent over the batch on its own (Kim and Mnih, 2018, algorithm 1).

    Args:
        z: codes, `[batch, num_latents]`.
        key: int32 `[2]`, the seed.

    Returns:
        Codes of the same shape.
    """
    draws = uniform(tf.shape(z), subkey(key, _ORDER_SALT))
    order = tf.argsort(draws, axis=0)
    return tf.transpose(tf.gather(tf.transpose(z), tf.transpose(order), batch_dims=1))


def _deserialized(thing: Any) -> Any:
    return keras.saving.deserialize_keras_object(thing) if isinstance(thing, dict) else thing


@configurable("density_ratio")
def density_ratio(weight: Weight = gin.REQUIRED, second_batch: bool = False) -> DensityRatio:
    """The gin name of `DensityRatio`; network and optimizer come from gin's own names for them."""
    return DensityRatio(second_batch=second_batch, weight=weight, name="density_ratio")
