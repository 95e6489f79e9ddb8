"""beta-TC-VAE's decomposition of the KL divergence into three parts."""

import math
from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.distributions import pairwise_log_density
from tfdis.errors import UserError
from tfdis.losses.term import LossTerm, Weight, loss_term

tfd = tfp.distributions


@loss_term("kl_decomposition")
class KLDecomposition(LossTerm):
    """alpha I(x; z) + beta TC(z) + gamma sum_l KL(q(z_l) || p(z_l)), Eq. 4 of Chen et al. (2018).

    Takes the place of KL, and equals it where all three weights are 1; see `kl_decomposition`.

    Attributes:
        alpha: the weight of the mutual information of images and codes.
        beta: the weight of the total correlation.
        gamma: the weight of the divergence of each single latent from the prior.
        num_images: the size of the data set; None takes it from the data set that the model is
            built for.
    """

    needs_posterior: ClassVar[bool] = True
    needs_whole_batch: ClassVar[bool] = True
    report_names: ClassVar[tuple[str, ...]] = (
        "mutual_information",
        "total_correlation",
        "dimension_wise_kl",
    )
    size: ClassVar[int | None] = None  # of the data set that the model is built for

    alpha: Weight = 1.0
    beta: Weight = 1.0
    gamma: Weight = 1.0
    num_images: Annotated[int, Ge(2)] | None = None

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Takes the size of the data set from the model that it is built for."""
        self.size = num_images
        if not (self.num_images or num_images):
            raise UserError(
                "kl_decomposition needs the size of the data set: pass num_images to it or to the "
                "model."
            )

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The weighted sum of the means over the batch, a scalar."""
        return self._sum(self._parts(outputs), outputs.step)

    def value_and_report(self, outputs: Outputs) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """The weighted sum, and the three parts without their weights."""
        parts = self._parts(outputs)
        return self._sum(parts, outputs.step), parts._asdict()

    def _parts(self, outputs: Outputs) -> "Parts":
        num_images = self.num_images or self.size
        parts = kl_decomposition(outputs.posterior, outputs.prior, outputs.z, num_images)
        return Parts(*map(tf.reduce_mean, parts))

    def _sum(self, parts: "Parts", step: tf.Tensor) -> tf.Tensor:
        weights = (self.at(name, step) for name in ("alpha", "beta", "gamma"))
        return tf.add_n([weight * part for weight, part in zip(weights, parts, strict=True)])


class Parts(NamedTuple):
    """The three terms of Eq. 2 of Chen et al. (2018), in nats, `[batch]` each; their sum is KL.

    Attributes:
        mutual_information: log q(z|x) - log q(z), of the image and its code.
        total_correlation: log q(z) - sum_l log q(z_l).
        dimension_wise_kl: sum_l log q(z_l) - log p(z).
    """

    mutual_information: tf.Tensor
    total_correlation: tf.Tensor
    dimension_wise_kl: tf.Tensor


def kl_decomposition(
    posterior: tfd.Distribution, prior: tfd.Distribution, z: tf.Tensor, num_images: int
) -> Parts:
    """Estimates the three parts on a batch by minibatch weighted sampling.

    log q(z) is the log of the mean over the batch of q(z | x_i), over `num_images` (Chen et al.,
    2018, appendix C.1); so is that of each latent.

    Args:
        posterior: batch shape `[batch]`.
        prior: without a batch shape.
        z: one code per image, drawn from the posterior, `[batch, num_latents]`.
        num_images: the number of images in the data set.

    Raises:
        UserError: the posterior's latents are not independent, or it has no density.
    """
    log_density = pairwise_log_density(posterior, z)
    log_count = tf.math.log(tf.cast(tf.shape(z)[0], z.dtype)) + math.log(num_images)
    log_qz = tf.reduce_logsumexp(tf.reduce_sum(log_density, axis=2), axis=1) - log_count
    log_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, axis=1) - log_count, axis=1)
    return Parts(
        posterior.log_prob(z) - log_qz, log_qz - log_product, log_product - prior.log_prob(z)
    )
