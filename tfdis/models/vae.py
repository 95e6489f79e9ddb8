"""The variational autoencoder."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.batch import Inputs, Outputs
from tfdis.distributions import diagonal_gaussian, draw, draws_from
from tfdis.distributions.posteriors import PosteriorFamily, refuse_without_density
from tfdis.distributions.priors import Prior, StandardNormal
from tfdis.errors import UserError
from tfdis.keys import subkey
from tfdis.losses.kl import mean_divergence
from tfdis.losses.term import LossTerm
from tfdis.models.autoencoder import Autoencoder


@keras.saving.register_keras_serializable("tfdis")
class VAE(Autoencoder):
    """An autoencoder whose codes are drawn from a posterior.

    The loss terms decide which algorithm it is: beta-VAE, FactorVAE, beta-TC-VAE, ... or any
    mixture of them.

    Args:
        encoder: a built model from images to the pair (mean, log variance), each
            `[batch, num_latents]`.
        decoder: see `Autoencoder`.
        terms: see `Autoencoder`.
        num_images: see `Autoencoder`.
        seed: see `Autoencoder`.
        posterior_family: from mean and log variance to q(z | x), see
            `tfdis.distributions.posteriors`.
        prior: p(z); None is the standard normal.
        **kwargs: as in Keras.

    Example:
        >>> model = VAE(
        ...     encoder=conv_encoder(num_latent=10, input_shape=(64, 64, 1)),
        ...     decoder=deconv_decoder(num_latent=10, output_shape=(64, 64, 1)),
        ...     terms=[BernoulliLoss(), KL(), TotalCorrelation(5.0)],
        ... )
        >>> model.compile("adam")
        >>> model.fit(images, batch_size=64)
    """

    has_posterior = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        num_images: int | None = None,
        seed: int = 0,
        *,
        posterior_family: PosteriorFamily = diagonal_gaussian,
        prior: Prior | None = None,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, terms, num_images, seed, **kwargs)
        self.posterior_family, self.prior = posterior_family, prior or StandardNormal(name="prior")
        self.prior.prepare(self.num_latents, self.observation_shape)
        self.built = True

    @property
    def value_names(self) -> list[str]:
        """See `ModelOfTerms`; KL is also reported where it is not a term."""
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
        return self.posterior_family(*self.encoder_outputs(inputs, training))

    @property
    def is_gaussian(self) -> bool:
        """See `Autoencoder`."""
        return self.posterior_family is diagonal_gaussian and type(self.prior) is StandardNormal

    def prior_distribution(self) -> tfp.distributions.Distribution:
        """p(z) with its current parameters: event shape `[num_latents]`, no batch shape."""
        return self.prior.distribution(lambda images: self.posterior(Inputs(images)))

    def combine_posteriors(
        self, posterior: tfp.distributions.Distribution, inputs: Inputs
    ) -> tfp.distributions.Distribution:
        """The distributions that codes are drawn from; here each image's own posterior.

        Where images come in groups (`inputs.group_size`), a model may combine the posteriors of a
        group here.

        Args:
            posterior: the result of `posterior`.
            inputs: the batch.

        Returns:
            A distribution of the same shape.
        """
        del inputs
        return posterior

    def sample(self, posterior: tfp.distributions.Distribution, key: tf.Tensor) -> tf.Tensor:
        """One draw per image, reparameterized where the family can be, `[batch, num_latents]`.

        Args:
            posterior: the result of `posterior`.
            key: int32 `[2]`, the seed of the draw.
        """
        return draw(posterior, key)

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`."""
        inputs = self.with_labels(inputs)
        posterior = self.combine_posteriors(self.posterior(inputs, training), inputs)
        z = self.sample(posterior, key)
        logits = self.decode(z, inputs.labels, training)
        return Outputs(inputs, z, logits, step, key, posterior, self.prior_distribution())

    def second_codes(self, inputs: Inputs, key: tf.Tensor) -> tf.Tensor:
        """See `ModelOfTerms.second_codes`."""
        inputs = self.with_labels(inputs)
        posterior = self.combine_posteriors(self.posterior(inputs, training=True), inputs)
        return self.sample(posterior, key)

    def log_likelihood(self, inputs: Inputs, num_samples: int, key: tf.Tensor) -> tf.Tensor:
        """A lower bound of log p(x), or of log p(x | labels), in nats, by importance sampling.

        log (1/k) sum_k p(x | z_k) p(z_k) / q(z_k | x) with z_k drawn from the posterior (IWAE;
        Burda et al., 2016, Eq. 8); k = 1 estimates the ELBO, more come nearer to log p(x).

        Args:
            inputs: the batch.
            num_samples: k.
            key: int32 `[2]`, the seed of the draws.

        Returns:
            `[batch]`.

        Raises:
            UserError: the reconstruction is not the logarithm of a likelihood, or the posterior is
                deterministic.
        """
        if not self.reconstruction.is_log_likelihood:
            raise UserError(
                f"{self.reconstruction.name} is not a likelihood, so there is no log p(x): train "
                "with @bernoulli_loss, @gaussian_loss with a sigma that is not 'optimal', or "
                "another that is one."
            )
        inputs = self.with_labels(inputs, infer=True)
        posterior, prior = self.posterior(inputs), self.prior_distribution()
        refuse_without_density(posterior, "an estimate of log p(x)")

        def log_weight(number: tf.Tensor) -> tf.Tensor:
            z = self.sample(posterior, subkey(key, number))
            logits = self.decode(z, inputs.labels)
            log_ratio = prior.log_prob(z) - posterior.log_prob(z)
            return log_ratio - self.reconstruction.per_image(inputs.images, logits)

        log_weights = tf.map_fn(log_weight, tf.range(num_samples), fn_output_signature=tf.float32)
        return tf.reduce_logsumexp(log_weights, axis=0) - tf.math.log(float(num_samples))

    def sample_prior(self, num_samples: int, key: tf.Tensor) -> tf.Tensor:
        """See `Autoencoder.sample_prior`."""
        return draws_from(self.prior_distribution(), num_samples, key)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "posterior_family": serialize(self.posterior_family),
            "prior": serialize(self.prior),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "VAE":
        """The model of a `get_config`; files of before there was a choice have a Gaussian."""
        names = [name for name in ("posterior_family", "prior") if name in config]
        chosen = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects)
            for name in names
        }
        return super().from_config({**config, **chosen}, custom_objects)
