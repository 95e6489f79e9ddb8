"""beta-TC-VAE's estimate of the total correlation of the aggregate posterior."""

import math
from typing import Any

import gin
import keras
import tensorflow as tf

from tfdis.config import configurable
from tfdis.distributions import log_variance
from tfdis.errors import UserError
from tfdis.losses.term import Batch, LossTerm, Weight


@keras.saving.register_keras_serializable("tfdis")
class TotalCorrelation(LossTerm):
    """KL(q(z) || prod_l q(z_l)) in nats, the second term of Eq. 2 of Chen et al. (2018).

    q(z) is estimated on the batch itself: "minibatch" is disentanglement_lib's estimator, which
    leaves out the constant (num_latents - 1) log(batch * num_images); "stratified" is Chen et al.'s
    minibatch stratified sampling (appendix C.2), which needs the number of images.

    Args:
        estimator: "minibatch" or "stratified".
        num_images: the size of the data set, for "stratified"; None takes it from the data set that
            the model is built for.
        weight: beta - 1, where KL weighs 1 (Eq. 4 with alpha = gamma = 1).
        name: see `LossTerm`.

    Raises:
        UserError: there is no such estimator.
    """

    needs_whole_batch = True

    def __init__(
        self,
        estimator: str = "minibatch",
        num_images: int | None = None,
        weight: Weight = 1.0,
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(weight, name, **kwargs)
        if estimator not in ("minibatch", "stratified"):
            raise UserError(
                f"total_correlation.estimator is '{estimator}': it is 'minibatch' or 'stratified'."
            )
        self.estimator = estimator
        self.num_images = num_images

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """Takes the size of the data set from the model that it is built for."""
        self.num_images = self.num_images or num_images
        if self.estimator == "stratified" and self.num_images is None:
            raise UserError(
                "The stratified total correlation needs the size of the data set: pass num_images."
            )

    def call(self, batch: Batch) -> tf.Tensor:
        """E_z[log q(z) - sum_l log q(z_l)] over the batch, a scalar."""
        log_density = pairwise_log_density(batch)
        if self.estimator == "stratified":
            size = tf.shape(batch.z)[0]
            log_weights = stratified_log_weights(size, self.num_images)
            log_density_sum = log_weights + tf.reduce_sum(log_density, axis=2)
            log_density += log_weights[:, :, None]
        else:
            log_density_sum = tf.reduce_sum(log_density, axis=2)
        log_qz = tf.reduce_logsumexp(log_density_sum, axis=1)
        log_qz_product = tf.reduce_sum(tf.reduce_logsumexp(log_density, axis=1), axis=1)
        return tf.reduce_mean(log_qz - log_qz_product)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this term again."""
        return {
            **super().get_config(),
            "estimator": self.estimator,
            "num_images": self.num_images,
        }


def pairwise_log_density(batch: Batch) -> tf.Tensor:
    """The pairwise log q(z_l(x_j) | x_i), `[batch_j, batch_i, num_latents]`."""
    mean, log_var = batch.posterior.mean(), log_variance(batch.posterior)
    squared = tf.square(batch.z[:, None, :] - mean[None, :, :])
    return -0.5 * (squared * tf.exp(-log_var)[None] + (log_var + math.log(2 * math.pi))[None])


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


@configurable("total_correlation")
def total_correlation(
    weight: Weight = gin.REQUIRED, estimator: str = "minibatch", num_images: int | None = None
) -> TotalCorrelation:
    """The gin name of `TotalCorrelation`."""
    return TotalCorrelation(estimator, num_images, weight, name="total_correlation")
