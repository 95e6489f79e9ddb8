"""VAEs for images that share factors: GVAE, ML-VAE, and the Ada- variants of both."""

import functools
from collections.abc import Sequence
from typing import Any, Literal

import gin
import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.batch import Inputs
from tfdis.config import configurable
from tfdis.distributions import diagonal_gaussian
from tfdis.errors import UserError
from tfdis.losses.kl import KL
from tfdis.losses.reconstruction import reconstruction_loss
from tfdis.losses.term import LossTerm
from tfdis.models import group_posteriors
from tfdis.models.build import Builder, build
from tfdis.models.vae import VAE

Average = Literal["moments", "precisions"]
SharedBy = Literal["labels", "threshold"]

_AVERAGES = {
    "moments": group_posteriors.average_of_moments,
    "precisions": group_posteriors.average_of_precisions,
}


@keras.saving.register_keras_serializable("tfdis")
class GroupVAE(VAE):
    """A VAE in which the images of a group have one posterior for the latents that they share.

    | | "labels" | "threshold" |
    | --- | --- | --- |
    | "moments" | GVAE (Hosoya, 2019) | Ada-GVAE (Locatello et al., 2020) |
    | "precisions" | ML-VAE (Bouchacourt et al., 2018) | Ada-ML-VAE |

    Args:
        encoder: see `Autoencoder`.
        decoder: see `Autoencoder`.
        terms: see `Autoencoder`; any terms, all of which see the shared posteriors.
        average: how the posteriors of a group are averaged, see `tfdis.models.group_posteriors`.
        shared_by: what says which latents are shared: "labels", the factors that the batch says its
            groups share, latent i for factor i; or "threshold", the divergences of a pair.
        num_images: see `Autoencoder`.
        seed: see `Autoencoder`.

    Example:
        >>> model = GroupVAE(encoder, decoder, [BernoulliLoss(), KL()])
        >>> model.compile("adam")
        >>> model.fit(images)  # rows 2k and 2k + 1 are a pair
    """

    group_size: int = 2

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        average: Average = "moments",
        shared_by: SharedBy = "threshold",
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, terms, num_images, seed, **kwargs)
        self.average, self.shared_by = average, shared_by
        if self.posterior_family is not diagonal_gaussian:
            raise UserError(
                "A model of groups averages Gaussian posteriors: leave vae_distributions.posterior "
                "at @gaussian_posterior()."
            )
        self.built = True

    def combine_posteriors(
        self, posterior: tfp.distributions.Distribution, inputs: Inputs
    ) -> tfp.distributions.Distribution:
        """See `VAE.combine_posteriors`.

        Raises:
            UserError: the batch has no groups, or lacks what says what they share.
        """
        if inputs.group_size < 2:
            raise UserError("The model needs images in groups: set model.draw = @pairs.")
        shape = [-1, inputs.group_size, self.num_latents]
        mean = tf.reshape(posterior.mean(), shape)
        variance = tf.reshape(posterior.variance(), shape)
        shared = self._shared(mean, variance, inputs)
        average = _AVERAGES[self.average](mean, variance)
        mean, variance = group_posteriors.combine(mean, variance, average, shared)
        flat = [tf.reshape(part, [-1, self.num_latents]) for part in (mean, tf.math.log(variance))]
        return diagonal_gaussian(*flat)

    def _shared(self, mean: tf.Tensor, variance: tf.Tensor, inputs: Inputs) -> tf.Tensor:
        """Which latents each group shares, bool `[groups, num_latents]`."""
        if self.shared_by == "threshold":
            if inputs.group_size != 2:
                raise UserError(
                    f"The threshold is one of pairs, and a group has {inputs.group_size} images."
                )
            return group_posteriors.shared_by_threshold(
                group_posteriors.divergences(mean, variance)
            )
        if inputs.shared is None:
            raise UserError(
                "The model is told which factors a group shares, and this batch does not say: "
                "draw from data with factors, or let the threshold find out."
            )
        if inputs.shared.shape[1] > self.num_latents:
            raise UserError(
                f"Latent i stands for factor i: {inputs.shared.shape[1]} factors need as many "
                f"latents, and there are {self.num_latents}."
            )
        shared = inputs.shared[:: inputs.group_size]
        return group_posteriors.shared_by_labels(shared, self.num_latents)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "average": self.average, "shared_by": self.shared_by}


@configurable("group_loss_terms")
def group_loss_terms(
    terms: Sequence[LossTerm] = gin.REQUIRED,
    average: Average = "moments",
    shared_by: SharedBy = "threshold",
) -> Builder:
    """As `loss_terms`, for images in groups; see `GroupVAE`."""
    return functools.partial(build, GroupVAE, list(terms), average=average, shared_by=shared_by)


@configurable("group_vae", denylist=["shared_by"])
def group_vae(shared_by: SharedBy = "threshold", beta: float = gin.REQUIRED) -> Builder:
    """GVAE with beta: `group_vae_labels` and `group_vae_argmax` take its beta.

    Args:
        shared_by: see `GroupVAE`.
        beta: the weight of KL.
    """
    return group_loss_terms([reconstruction_loss(), KL(beta)], "moments", shared_by)


@configurable("mlvae", denylist=["shared_by"])
def mlvae(shared_by: SharedBy = "threshold", beta: float = gin.REQUIRED) -> Builder:
    """ML-VAE with beta: `mlvae_labels` and `mlvae_argmax` take its beta; see `group_vae`."""
    return group_loss_terms([reconstruction_loss(), KL(beta)], "precisions", shared_by)


@configurable("group_vae_labels")
def group_vae_labels() -> Builder:
    """GVAE (Hosoya, 2019) where it is known which factors a group shares."""
    return group_vae("labels")


@configurable("group_vae_argmax")
def group_vae_argmax() -> Builder:
    """Ada-GVAE (Locatello et al., 2020)."""
    return group_vae("threshold")


@configurable("mlvae_labels")
def mlvae_labels() -> Builder:
    """ML-VAE (Bouchacourt et al., 2018) where it is known which factors a group shares."""
    return mlvae("labels")


@configurable("mlvae_argmax")
def mlvae_argmax() -> Builder:
    """Ada-ML-VAE (Locatello et al., 2020)."""
    return mlvae("threshold")
