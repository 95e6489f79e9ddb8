"""beta-TC-VAE's estimate of the total correlation of the aggregate posterior."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge

from tfdis.batch import Outputs
from tfdis.distributions import pairwise_log_density
from tfdis.errors import UserError
from tfdis.losses.term import LossTerm, loss_term


@loss_term("total_correlation", requires=["weight"])
class TotalCorrelation(LossTerm):
    """KL(q(z) || prod_l q(z_l)) in nats, the second term of Eq. 2 of Chen et al. (2018).

    q(z) is estimated on the batch itself: "minibatch" is disentanglement_lib's estimator, which
    leaves out the constant (num_latents - 1) log(batch * num_images); "stratified" is Chen et al.'s
    minibatch stratified sampling (appendix C.2), which needs the number of images. The weight is
    beta - 1, where KL weighs 1 (Eq. 4 with alpha = gamma = 1).

    Attributes:
        estimator: "minibatch" or "stratified".
        num_images: the size of the data set, for "stratified"; None takes it from the data set that
            the model is built for.
    """

    needs_posterior: ClassVar[bool] = True
    needs_whole_batch: ClassVar[bool] = True
    size: ClassVar[int | None] = None  # of the data set that the model is built for

    estimator: Literal["minibatch", "stratified"] = "minibatch"
    num_images: Annotated[int, Ge(2)] | None = None

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Takes the size of the data set from the model that it is built for."""
        self.size = num_images
        if self.estimator == "stratified" and not (self.num_images or num_images):
            raise UserError(
                "The stratified total correlation needs the size of the data set: pass num_images."
            )

    def call(self, outputs: Outputs) -> tf.Tensor:
        """E_z[log q(z) - sum_l log q(z_l)] over the batch, a scalar."""
        log_density = pairwise_log_density(outputs.posterior, outputs.z)
        if self.estimator == "stratified":
            num_images = self.num_images or self.size
            log_weights = stratified_log_weights(tf.shape(outputs.z)[0], num_images)
            log_density_sum = log_weights + tf.reduce_sum(log_density, axis=2)
            log_density += log_weights[:, :, None]
        else:
            log_density_sum = tf.reduce_sum(log_density, axis=2)
        log_qz = tf.reduce_logsumexp(log_density_sum, axis=1)
        log_qz_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, axis=1), axis=1)
        return tf.reduce_mean(log_qz - log_qz_product)


def stratified_log_weights(size: int | tf.Tensor, num_images: int) -> tf.Tensor:
    """The logarithm of what each image of a batch counts for in an estimate of q(z(x_j)).

    With M = size - 1 images beside x_j itself (Chen et al., 2018, appendix C.2): 1/N for x_j,
    (N - M) / (N M) for one other, 1/M for the rest; each row sums to one.

    Args:
        size: the number of images in the batch, at least 2.
        num_images: N, the number of images in the data set.

    Returns:
        float32 `[size, size]`.
    """
    others = tf.cast(size - 1, tf.float32)
    own = tf.eye(size)
    last = tf.roll(own, shift=1, axis=1)
    rest = 1.0 - own - last
    return tf.math.log(
        own / num_images + last * (num_images - others) / (num_images * others) + rest / others
    )
