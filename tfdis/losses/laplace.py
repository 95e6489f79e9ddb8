"""The Laplace likelihood."""

from typing import Annotated

import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Gt

from tfdis.distributions import likelihoods
from tfdis.losses.likelihood import Likelihood
from tfdis.losses.term import loss_term


@loss_term("laplace_loss")
class LaplaceLoss(Likelihood):
    """-log p(x | z) in nats, p being Laplace about the pixels: |x - pixels| / scale and a constant.

    Attributes:
        scale: b in exp(-|x - pixels| / b) / (2 b).
    """

    scale: Annotated[float, Gt(0)] = 1.0

    def distribution(self, images: tf.Tensor, logits: tf.Tensor) -> tfp.distributions.Distribution:
        """See `Likelihood.distribution`."""
        del images
        return likelihoods.laplace(self.pixels(logits), self.scale)
