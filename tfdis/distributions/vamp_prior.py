"""The variational mixture of posteriors as the prior."""

from typing import Annotated, Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Ge

from tfdis.config import configurable
from tfdis.distributions.priors import PosteriorOf, Prior

tfd = tfp.distributions


@keras.saving.register_keras_serializable("tfdis")
class VampPrior(Prior):
    """(1/K) sum_k q(z | u_k) (Tomczak and Welling, 2018).

    The pseudo-inputs u_k are images that are learned; a sigmoid keeps their pixels in [0, 1].

    Args:
        num_pseudo_inputs: K.
        **kwargs: of the layer.
    """

    def __init__(self, num_pseudo_inputs: int = 100, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_pseudo_inputs = num_pseudo_inputs

    def prepare(self, num_latents: int, observation_shape: tuple[int, int, int]) -> None:
        """Makes the pseudo-inputs, from standard normal logits."""
        super().prepare(num_latents, observation_shape)
        self.logits = self.add_weight(
            shape=(self.num_pseudo_inputs, *observation_shape),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="pseudo_inputs",
        )

    def distribution(self, posterior_of: PosteriorOf) -> tfd.Distribution:
        """See `Prior.distribution`."""
        posterior = posterior_of(tf.sigmoid(tf.convert_to_tensor(self.logits)))
        equal = tfd.Categorical(logits=tf.zeros([self.num_pseudo_inputs]))
        return tfd.MixtureSameFamily(equal, posterior)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "num_pseudo_inputs": self.num_pseudo_inputs}


@configurable("vamp_prior")
def vamp_prior(num_pseudo_inputs: Annotated[int, Ge(1)] = 100) -> VampPrior:
    """The gin name of `VampPrior`."""
    return VampPrior(num_pseudo_inputs)
