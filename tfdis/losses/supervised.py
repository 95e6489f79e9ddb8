"""Losses for few labels, which make latent i follow label i.

The four regularizers of Locatello et al., "Disentangling factors of variation using few labels"
(2020), by disentanglement_lib's gin names. They see `outputs["labelled_codes"]` and
`outputs["labels"]` where a model adds them (`SemiSupervisedVAE`); in any other model they see the
batch's own posterior means and factors.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import gin
import keras
import numpy as np
import tensorflow as tf

from tfdis.batch import Outputs
from tfdis.config import configurable
from tfdis.errors import UserError
from tfdis.losses.term import LossTerm, Weight, loss_term

_NAME = "supervised_loss"


class Supervised(LossTerm):
    """A distance of codes from labels; a subclass writes `distance`.

    Attributes:
        num_values: how many values each label can take.
    """

    any_latents: ClassVar[bool] = False
    needs_whole_batch: ClassVar[bool] = True

    num_values: tuple[int, ...]

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `LossTerm`.

        Raises:
            UserError: there are fewer latents than labels.
        """
        if num_latents < len(self.num_values) and not self.any_latents:
            raise UserError(
                f"Latent i follows label i: {len(self.num_values)} labels need as many latents, "
                f"and there are {num_latents}."
            )

    def call(self, outputs: Outputs) -> tf.Tensor:
        """The distance of the labelled codes from their labels, a scalar."""
        return self.distance(*labelled(outputs, self.name, len(self.num_values)))

    def distance(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The loss.

        Args:
            codes: float32 `[batch, num_latents]`.
            labels: float32 `[batch, num_labels]`, integers from 0.
        """
        raise NotImplementedError

    def normalized(self, labels: tf.Tensor) -> tf.Tensor:
        """Labels over the number of their values, in [0, 1)."""
        return labels / np.asarray(self.num_values, np.float32)


def labelled(outputs: Outputs, name: str, num_labels: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Codes, float32 `[batch, num_latents]`, and their labels, float32 `[batch, num_labels]`.

    Args:
        outputs: of the model.
        name: of the term, for the error.
        num_labels: how many labels it expects.

    Raises:
        UserError: the batch has neither labels nor factors, or another number of them.
    """
    if "labels" in outputs.extras:
        codes, labels = outputs["labelled_codes"], outputs["labels"]
    elif outputs.inputs.factors is None:
        raise UserError("A supervised loss needs labels, and this batch has no factors either.")
    else:
        codes = outputs.z if outputs.posterior is None else outputs.posterior.mean()
        labels = tf.cast(outputs.inputs.factors, tf.float32)
    if labels.shape[1] != num_labels:
        raise UserError(f"{name} has {num_labels} labels, and the batch has {labels.shape[1]}.")
    return codes, labels


@loss_term("xent")
class LabelCrossEntropy(Supervised):
    """The cross-entropy of a sigmoid of each latent, summed over labels and images.

    The target of the sigmoid is the label over the number of its values.
    """

    value_name: ClassVar[str] = _NAME

    def distance(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Supervised`."""
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(
            labels=self.normalized(labels), logits=codes[:, : labels.shape[1]]
        )
        return tf.reduce_sum(entropy)


@loss_term("l2")
class LabelL2(Supervised):
    """The squared distance of each latent from its label, summed over labels and images.

    Attributes:
        learn_scale: scale the latents to the labels by one learned factor; otherwise their sigmoid
            is compared with the label over the number of its values. (disentanglement_lib then
            compares every image with the labels of all others; here, with its own.)
    """

    value_name: ClassVar[str] = _NAME

    learn_scale: bool = True

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `Supervised`."""
        super().prepare(num_latents, num_images)
        if self.learn_scale:
            if not self.weights:
                self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
            self.scale.assign(1.0)

    def distance(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Supervised`."""
        codes = codes[:, : labels.shape[1]]
        if self.learn_scale:
            return tf.reduce_sum(tf.square(codes * self.scale - labels))
        return tf.reduce_sum(tf.square(tf.sigmoid(codes) - self.normalized(labels)))


@loss_term("cov")
class LabelCovariance(Supervised):
    """The squared covariances of each latent with the labels of all other latents, summed."""

    value_name: ClassVar[str] = _NAME
    any_latents: ClassVar[bool] = True

    def distance(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Supervised`."""
        codes -= tf.reduce_mean(codes, axis=0)
        labels -= tf.reduce_mean(labels, axis=0)
        size = tf.cast(tf.shape(codes)[0], codes.dtype)
        covariance = tf.matmul(codes, labels, transpose_a=True) / size
        own = tf.eye(covariance.shape[0], covariance.shape[1])
        return tf.reduce_sum(tf.square(covariance * (1.0 - own)))


@loss_term("embed", requires=["sigma"])
class LabelEmbedding(Supervised):
    """Each value of a label has a position on its latent's axis; the nearest should be the label's.

    The cross-entropy of softmax_v(-((z_i - e_v) sigma)^2), the mean over images, summed over
    labels; the positions e_v are learned.

    Attributes:
        sigma: how sharply neighbouring positions are separated; "learn": learned for each label.
        use_order: the positions are evenly spaced, in the order of the values.
    """

    value_name: ClassVar[str] = _NAME

    sigma: float | Literal["learn"] = 1.0
    use_order: bool = False

    def prepare(self, num_latents: int, num_images: int | None) -> None:
        """See `Supervised`."""
        super().prepare(num_latents, num_images)
        if self.weights:
            for variable in self.weights:
                variable.assign(keras.initializers.GlorotUniform()(variable.shape))
            return
        self.places, self.sigmas = [], []
        for label, size in enumerate(self.num_values):
            shape = (2,) if self.use_order else (size,)
            self.places.append(self.add_weight(shape=shape, name=f"places_{label}"))
            if self.sigma == "learn":
                self.sigmas.append(self.add_weight(shape=(1,), name=f"sigma_{label}"))

    def distance(self, codes: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """See `Supervised`."""
        losses = []
        for label, size in enumerate(self.num_values):
            places = tf.convert_to_tensor(self.places[label])
            if self.use_order:
                places = places[0] + places[1] * tf.range(size, dtype=tf.float32)
            sigma = self.sigmas[label] if self.sigma == "learn" else self.sigma
            logits = -tf.square((codes[:, label, None] - places) * sigma)
            classes = tf.cast(labels[:, label], tf.int32)
            losses.append(
                tf.nn.sparse_softmax_cross_entropy_with_logits(labels=classes, logits=logits)
            )
        return tf.reduce_mean(tf.add_n(losses))


@configurable("supervised_loss")
def supervised_loss(
    num_values: Sequence[int],
    weight: Weight = 1.0,
    loss_fn: Callable[..., Supervised] = gin.REQUIRED,
) -> Supervised:
    """The supervised term that gin names.

    Args:
        num_values: how many values each label can take.
        weight: of the term.
        loss_fn: `@xent`, `@l2`, `@cov` or `@embed`.
    """
    return loss_fn(weight, num_values=tuple(num_values))
