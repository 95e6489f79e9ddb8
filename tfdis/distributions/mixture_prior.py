"""A mixture of Gaussians as the prior."""

from typing import Annotated, Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Ge

from tfdis.config import configurable
from tfdis.distributions.posteriors import diagonal_gaussian
from tfdis.distributions.priors import PosteriorOf, Prior

tfd = tfp.distributions


@keras.saving.register_keras_serializable("tfdis")
class MixtureOfGaussians(Prior):
    """sum_k w_k N(z; mu_k, diag(sigma_k^2)), all of it learned (Tomczak and Welling, 2018).

    Args:
        num_components: k.
        **kwargs: of the layer.
    """

    def __init__(self, num_components: int = 10, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_components = num_components

    def prepare(self, num_latents: int, observation_shape: tuple[int, int, int]) -> None:
        """Makes the components: means drawn from N(0, I), variances of 1, equal weights."""
        super().prepare(num_latents, observation_shape)
        shape = (self.num_components, num_latents)
        self.mean = self.add_weight(
            shape=shape, initializer=keras.initializers.RandomNormal(stddev=1.0), name="mean"
        )
        self.log_variance = self.add_weight(shape=shape, initializer="zeros", name="log_variance")
        self.logits = self.add_weight(shape=shape[:1], initializer="zeros", name="logits")

    def distribution(self, posterior_of: PosteriorOf) -> tfd.Distribution:
        """See `Prior.distribution`."""
        del posterior_of
        components = diagonal_gaussian(
            tf.convert_to_tensor(self.mean), tf.convert_to_tensor(self.log_variance)
        )
        weights = tfd.Categorical(logits=tf.convert_to_tensor(self.logits))
        return tfd.MixtureSameFamily(weights, components)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "num_components": self.num_components}


@configurable("mixture_of_gaussians_prior")
def mixture_of_gaussians_prior(num_components: Annotated[int, Ge(1)] = 10) -> MixtureOfGaussians:
    """The gin name of `MixtureOfGaussians`."""
    return MixtureOfGaussians(num_components)
