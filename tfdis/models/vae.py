"""The variational autoencoder."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.distributions import diagonal_gaussian, standard_normal
from tfdis.losses.term import Batch
from tfdis.models.autoencoder import Autoencoder
from tfdis.models.batches import Data, noise_like


@keras.saving.register_keras_serializable("tfdis")
class VAE(Autoencoder):
    """An autoencoder whose codes are drawn from a diagonal Gaussian posterior.

    Which variational algorithm it is, its loss terms say: beta-VAE, FactorVAE, beta-TC-VAE, ... and
    any mixture of them. Arguments are those of `Autoencoder`; the encoder maps images to the pair
    (mean, log variance), each `[batch, num_latents]`.

    Example:
        >>> from tfdis import data, losses, models
        >>> model = models.VAE(
        ...     encoder=conv_encoder(num_latent=10, input_shape=(64, 64, 1)),
        ...     decoder=deconv_decoder(num_latent=10, output_shape=(64, 64, 1)),
        ...     terms=[BernoulliLoss(), KL(), TotalCorrelation(weight=5.0)],
        ... )
        >>> model.compile("adam")
        >>> model.fit(images, batch_size=64)
    """

    def posterior(
        self, images: tf.Tensor, training: bool | None = None
    ) -> tfp.distributions.Distribution:
        """q(z | x): event shape `[num_latents]`, batch shape `[batch]`."""
        return diagonal_gaussian(*self.encoder_outputs(images, training))

    @property
    def value_names(self) -> list[str]:
        """See `Autoencoder.value_names`; KL is reported also where it is no term of its own."""
        names = super().value_names
        return names if "kl_loss" in names else [*names, "kl_loss"]

    def losses_of(self, batch: Batch) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """See `Autoencoder.losses_of`."""
        loss, values = super().losses_of(batch)
        if "kl_loss" not in values:
            values["kl_loss"] = tf.reduce_mean(batch.posterior.kl_divergence(batch.prior))
        return loss, values

    def sample(self, posterior: tfp.distributions.Distribution, key: tf.Tensor) -> tf.Tensor:
        """One draw per image by the reparameterization trick, `[batch, num_latents]`.

        Args:
            posterior: what `posterior` gave.
            key: int32 `[2]`, the seed of the draw.
        """
        return posterior.mean() + posterior.stddev() * noise_like(posterior.mean(), key)

    def forward(self, data: Data, step: tf.Tensor, key: tf.Tensor, training: bool) -> Batch:
        """See `Autoencoder.forward`."""
        posterior = self.posterior(data.images, training)
        z = self.sample(posterior, key)
        logits = self.decode(z, training)
        prior = standard_normal(self.num_latents)
        return Batch(data.images, logits, z, posterior, prior, step, key)

    def second_codes(self, data: Data, key: tf.Tensor) -> tf.Tensor:
        """See `Autoencoder.second_codes`."""
        return self.sample(self.posterior(data.images, training=True), key)
