"""Priors over the latents."""

from collections.abc import Callable
from typing import Annotated, Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Gt

from tfdis.config import configurable

tfd = tfp.distributions

# From images `[count, height, width, channels]` to their posteriors.
PosteriorOf = Callable[[tf.Tensor], tfd.Distribution]


@keras.saving.register_keras_serializable("tfdis")
class Prior(keras.layers.Layer):
    """p(z), with its learned parameters.

    A subclass writes `distribution`, and `prepare` where it has variables.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.built = True

    def prepare(self, num_latents: int, observation_shape: tuple[int, int, int]) -> None:
        """Called once by the model that owns the prior, before the first batch.

        Args:
            num_latents: the number of latents of the model.
            observation_shape: height, width and channels of an image.
        """
        del observation_shape
        self.num_latents = num_latents

    def distribution(self, posterior_of: PosteriorOf) -> tfd.Distribution:
        """The prior with its current parameters: event shape `[num_latents]`, no batch shape.

        Args:
            posterior_of: the model's encoder with its posterior, for priors that use it.
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable("tfdis")
class StandardNormal(Prior):
    """N(0, I)."""

    def distribution(self, posterior_of: PosteriorOf) -> tfd.Distribution:
        """See `Prior.distribution`."""
        del posterior_of
        return standard_normal(self.num_latents)


@keras.saving.register_keras_serializable("tfdis")
class StandardLaplace(Prior):
    """Independent Laplace distributions about 0.

    Args:
        scale: b in exp(-|z| / b) / (2 b); the variance is 2 b^2.
        **kwargs: of the layer.
    """

    def __init__(self, scale: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = scale

    def distribution(self, posterior_of: PosteriorOf) -> tfd.Distribution:
        """See `Prior.distribution`."""
        del posterior_of
        return tfd.Independent(tfd.Laplace(tf.zeros([self.num_latents]), self.scale), 1)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "scale": self.scale}


def standard_normal(num_latents: int) -> tfd.Distribution:
    """`num_latents` independent standard normals."""
    return tfd.Independent(
        tfd.Normal(loc=tf.zeros([num_latents]), scale=1.0), reinterpreted_batch_ndims=1
    )


@configurable("standard_normal_prior")
def standard_normal_prior() -> StandardNormal:
    """The gin name of `StandardNormal`."""
    return StandardNormal()


@configurable("laplace_prior")
def laplace_prior(scale: Annotated[float, Gt(0)] = 1.0) -> StandardLaplace:
    """The gin name of `StandardLaplace`."""
    return StandardLaplace(scale)
