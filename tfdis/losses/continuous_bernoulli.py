"""The continuous Bernoulli likelihood."""

import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.distributions import likelihoods
from tfdis.errors import UserError
from tfdis.losses.likelihood import Likelihood
from tfdis.losses.term import loss_term


@loss_term("continuous_bernoulli_loss")
class ContinuousBernoulliLoss(Likelihood):
    """-log p(x | z) of grey values in [0, 1] (Loaiza-Ganem and Cunningham, 2019).

    The pixels that are shown are the parameter lambda, the sigmoid of the logits.
    """

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Raises a UserError where pixels are made by tanh."""
        if self.activation != "logits":
            raise UserError(
                "continuous_bernoulli_loss takes logits: reconstruction_loss.activation is "
                f"'{self.activation}', expected 'logits'."
            )

    def distribution(self, images: tf.Tensor, logits: tf.Tensor) -> tfp.distributions.Distribution:
        """See `Likelihood.distribution`."""
        del images
        return likelihoods.continuous_bernoulli(logits)
