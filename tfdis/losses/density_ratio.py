"""FactorVAE's total correlation, by the density-ratio trick."""

from typing import ClassVar

import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.keys import Salt, subkey, uniform
from tfdis.losses.adversarial import AdversarialTerm
from tfdis.losses.term import loss_term


@loss_term("density_ratio", requires=["weight"])
class DensityRatio(AdversarialTerm):
    """E_q(z)[log D(z) - log(1 - D(z))], the total correlation in Eq. 3 of Kim and Mnih (2018).

    A discriminator separates codes of q(z) (class 0) from codes whose latents were each permuted
    over the batch, which are samples of prod_l q(z_l) (class 1). The weight is gamma.

    Attributes:
        adversary: codes `[batch, num_latents]` -> logits `[batch, 2]`; see `AdversarialTerm`.
        second_batch: permute the codes of a second batch, as algorithm 2 of the paper does; else
            those of the same batch, as disentanglement_lib does.
    """

    needs_whole_batch: ClassVar[bool] = True

    second_batch: bool = False

    @property
    def needs_second_batch(self) -> bool:
        """See `LossTerm`."""
        return self.second_batch

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The mean log odds that the codes are not permuted, a scalar."""
        logits = tf.cast(self.adversary(outputs.z), tf.float32)
        return tf.reduce_mean(logits[:, 0] - logits[:, 1])

    def adversary_loss(self, outputs: Outputs) -> tf.Tensor:
        """The cross-entropy of the discriminator (the last line of algorithm 2), a scalar."""
        source = outputs["second_z"] if self.second_batch else outputs.z
        permuted = permute_codes(source, outputs.key)
        real = tf.cast(self.adversary(outputs.z, training=True), tf.float32)
        fake = tf.cast(self.adversary(permuted, training=True), tf.float32)
        log_real, log_fake = tf.nn.log_softmax(real), tf.nn.log_softmax(fake)
        return -0.5 * (tf.reduce_mean(log_real[:, 0]) + tf.reduce_mean(log_fake[:, 1]))


def permute_codes(z: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """Permutes each latent over the batch on its own (Kim and Mnih, 2018, algorithm 1).

    Args:
        z: codes, `[batch, num_latents]`.
        key: int32 `[2]`, the seed.

    Returns:
        Codes of the same shape.
    """
    draws = uniform(tf.shape(z), subkey(key, Salt.PERMUTATION))
    order = tf.argsort(draws, axis=0)
    return tf.transpose(tf.gather(tf.transpose(z), tf.transpose(order), batch_dims=1))
