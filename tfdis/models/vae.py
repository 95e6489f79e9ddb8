"""The variational autoencoder."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.batch import Inputs, Outputs, noise_like
from tfdis.distributions import diagonal_gaussian, standard_normal
from tfdis.losses.kl import mean_divergence
from tfdis.models.autoencoder import Autoencoder


@keras.saving.register_keras_serializable("tfdis")
class VAE(Autoencoder):
    """An autoencoder whose codes are drawn from a diagonal Gaussian posterior.

    Which variational algorithm it is, its loss terms say: beta-VAE, FactorVAE, beta-TC-VAE, ... and
    any mixture of them. Arguments are those of `Autoencoder`; the encoder maps images to the pair
    (mean, log variance), each `[batch, num_latents]`.

    Example:
        >>> model = VAE(
        ...     encoder=conv_encoder(num_latent=10, input_shape=(64, 64, 1)),
        ...     decoder=deconv_decoder(num_latent=10, output_shape=(64, 64, 1)),
        ...     terms=[BernoulliLoss(), KL(), TotalCorrelation(5.0)],
        ... )
        >>> model.compile("adam")
        >>> model.fit(images, batch_size=64)
    """

    @property
    def value_names(self) -> list[str]:
        """See `ModelOfTerms`; KL is reported also where it is no term of its own."""
        names = super().value_names
        return names if "kl_loss" in names else [*names, "kl_loss"]

    def losses_of(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """See `ModelOfTerms.losses_of`."""
        loss, values = super().losses_of(outputs)
        if "kl_loss" not in values:
            values["kl_loss"] = mean_divergence(outputs)
        return loss, values

    def posterior(
        self, inputs: Inputs, training: bool | None = None
    ) -> tfp.distributions.Distribution:
        """q(z | x): event shape `[num_latents]`, batch shape `[batch]`."""
        return diagonal_gaussian(*self.encoder_outputs(inputs, training))

    def combine_posteriors(
        self, posterior: tfp.distributions.Distribution, inputs: Inputs
    ) -> tfp.distributions.Distribution:
        """What the codes of a batch are drawn from; here each image's own posterior.

        Where images come in groups (`inputs.group_size`), a model may let the posteriors of a group
        meet here.

        Args:
            posterior: what `posterior` gave.
            inputs: the batch.

        Returns:
            A distribution of the same shape.
        """
        del inputs
        return posterior

    def sample(self, posterior: tfp.distributions.Distribution, key: tf.Tensor) -> tf.Tensor:
        """One draw per image by the reparameterization trick, `[batch, num_latents]`.

        Args:
            posterior: what `posterior` gave.
            key: int32 `[2]`, the seed of the draw.
        """
        return posterior.mean() + posterior.stddev() * noise_like(posterior.mean(), key)

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`."""
        inputs = self.with_labels(inputs)
        posterior = self.combine_posteriors(self.posterior(inputs, training), inputs)
        z = self.sample(posterior, key)
        logits = self.decode(z, inputs.labels, training)
        prior = standard_normal(self.num_latents)
        return Outputs(inputs, z, logits, step, key, posterior, prior)

    def second_codes(self, inputs: Inputs, key: tf.Tensor) -> tf.Tensor:
        """See `ModelOfTerms.second_codes`."""
        inputs = self.with_labels(inputs)
        posterior = self.combine_posteriors(self.posterior(inputs, training=True), inputs)
        return self.sample(posterior, key)
