"""The Gaussian likelihood."""

from typing import Annotated, Literal

import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Gt

from tfdis.distributions import likelihoods
from tfdis.losses.likelihood import Likelihood
from tfdis.losses.term import loss_term


@loss_term("gaussian_loss")
class GaussianLoss(Likelihood):
    """-log N(x; pixels, sigma^2) in nats, one sigma for all pixels.

    Attributes:
        sigma: a number; "learned", a variable that starts at 1; or "optimal", the sigma under which
            the batch at hand is most likely (both of Rybkin et al., 2021).
    """

    sigma: Annotated[float, Gt(0)] | Literal["learned", "optimal"] = "optimal"

    @property
    def is_log_likelihood(self) -> bool:
        """See `Reconstruction`; a sigma that is fitted to the images at hand belongs to no p(x)."""
        return self.sigma != "optimal"

    @property
    def needs_whole_batch(self) -> bool:
        """See `LossTerm`; the optimal sigma is that of all images."""
        return self.sigma == "optimal"

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Makes the variable of a learned sigma, or sets it back to 1."""
        if self.sigma == "learned":
            if not self.weights:
                self.log_sigma = self.add_weight(shape=(), initializer="zeros", name="log_sigma")
            self.log_sigma.assign(0.0)

    def distribution(self, images: tf.Tensor, logits: tf.Tensor) -> tfp.distributions.Distribution:
        """See `Likelihood.distribution`."""
        pixels = self.pixels(logits)
        if self.sigma == "optimal":
            return likelihoods.gaussian(pixels, likelihoods.optimal_sigma(images, pixels))
        if self.sigma == "learned":
            return likelihoods.gaussian(pixels, tf.exp(tf.convert_to_tensor(self.log_sigma)))
        return likelihoods.gaussian(pixels, self.sigma)
