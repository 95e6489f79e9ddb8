"""The conditional VAE: encoder and decoder get a label."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdis.batch import Inputs
from tfdis.data.labels import Labels
from tfdis.distributions import kl_divergence
from tfdis.distributions.vamp_prior import VampPrior
from tfdis.errors import UserError
from tfdis.losses.label_cross_entropy import label_probabilities
from tfdis.losses.term import LossTerm
from tfdis.models.autoencoder import refuse_other_networks
from tfdis.models.vae import VAE


@keras.saving.register_keras_serializable("tfdis")
class ConditionalVAE(VAE):
    """CVAE (Sohn et al., 2015): p(x | z, y) with the posterior q(z | x, y).

    Labels y are float32 `[batch, width]`, one-hot or soft, one group of columns after the other
    for several factors; training makes them of the batch's factors. Wherever labels are left out,
    they are inferred from the images, see `infer_labels`.

    Args:
        encoder: images, with the label planes as further channels where there is a tiler, to
            (mean, log variance), each `[batch, num_latents]`.
        decoder: codes joined with labels, `[batch, num_latents + width]`, to logits.
        terms: see `Autoencoder`; any term, all see z without the label.
        labels: which factors the labels are made of.
        tiler: labels to planes `[batch, height, width, label width]`; None: the encoder does not
            see the labels.
        num_images: see `Autoencoder`.
        seed: see `Autoencoder`.

    Example:
        >>> labels = select_labels(data, "shape")
        >>> model = ConditionalVAE(
        ...     conv_encoder(num_latent=10, input_shape=(64, 64, 1 + 3)),
        ...     deconv_decoder(num_latent=10 + 3, output_shape=(64, 64, 1)),
        ...     [BernoulliLoss(), KL()], labels, constant_tiler(num_classes=3, side=64),
        ... )
        >>> model.compile("adam")
        >>> model.fit(images, factors)
    """

    is_conditional = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        labels: Labels,
        tiler: keras.Model | None = None,
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(encoder, decoder, terms, num_images, seed, **kwargs)
        self.labels, self.tiler = labels, tiler
        num_planes = 0 if tiler is None else tiler.outputs[0].shape[-1]
        refuse_other_networks(encoder, decoder, num_planes, self.label_width)
        if tiler is not None and isinstance(self.prior, VampPrior):
            raise UserError(
                "vamp_prior encodes images that have no label, and this encoder sees labels: take "
                "another prior, such as @mixture_of_gaussians_prior()."
            )
        self.built = True

    @property
    def label_width(self) -> int:
        """The number of columns of a label, all factors' together."""
        return sum(self.labels.class_counts)

    @property
    def label_groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The factors in a label and the names of each one's classes."""
        return self.labels.groups

    def with_labels(self, inputs: Inputs, infer: bool = False) -> Inputs:
        """See `Autoencoder.with_labels`: the labels given, or those in the factors.

        Raises:
            UserError: there are neither and none are to be inferred; they are of another width, or
                factors are out of range (where that is known, so not inside a graph).
        """
        if inputs.labels is not None:
            labels = self._checked(inputs.labels)
        elif inputs.factors is not None:
            labels = self.labels_of(inputs.factors)
        elif infer:
            labels = self.infer_labels(inputs.images)
        else:
            raise UserError(
                f"The model conditions on {', '.join(self.labels.names)}: expected factors beside "
                "the images."
            )
        return dataclasses.replace(inputs, labels=labels)

    def labels_of(self, factors: tf.Tensor) -> tf.Tensor:
        """The labels in a batch's factors, float32 `[batch, width]`.

        Args:
            factors: all factors of the data set, integers `[batch, num_factors]`.

        Raises:
            UserError: see `with_labels`.
        """
        names = ", ".join(self.labels.names)
        factors = tf.convert_to_tensor(factors)
        shape, needed = factors.shape, max(self.labels.columns) + 1
        if factors.dtype.is_floating or shape.rank != 2 or shape[1] < needed:
            raise UserError(
                f"Factors have the type {factors.dtype.name} and the shape {list(shape)}: expected "
                f"integers [batch, num_factors] with at least {needed} factors, of which the "
                f"labels {names} are {', '.join(map(str, self.labels.columns))}."
            )
        if tf.executing_eagerly():
            self._refuse_out_of_range(factors.numpy())
        return self.labels.one_hot(factors)

    def _checked(self, labels: tf.Tensor) -> tf.Tensor:
        labels = tf.convert_to_tensor(labels)
        if labels.shape.rank != 2 or labels.shape[1] != self.label_width:
            raise UserError(
                f"Labels of {', '.join(self.labels.names)} have the shape {list(labels.shape)}: "
                f"expected [batch, {self.label_width}]."
            )
        return tf.cast(labels, tf.float32)

    def _refuse_out_of_range(self, factors: np.ndarray) -> None:
        groups = zip(self.labels.names, self.labels.columns, self.labels.class_counts)
        for name, column, count in groups:
            outside = (factors[:, column] < 0) | (factors[:, column] >= count)
            if outside.any():
                raise UserError(
                    f"Factor {column}, {name}, is {factors[outside, column][0]} in row "
                    f"{np.flatnonzero(outside)[0]}: expected 0 to {count - 1}."
                )

    def fit(self, x: Any = None, y: Any = None, **kwargs: Any) -> keras.callbacks.History:
        """As Keras' `fit`, on images and factors, which are checked first where they are arrays.

        Labels, soft ones too, go with the images: `fit({"images": images, "labels": labels})`.

        Raises:
            UserError: see `with_labels`; or there are neither factors nor labels.
        """
        if y is not None:
            self.labels_of(y)
        elif isinstance(x, np.ndarray | tf.Tensor):
            self.with_labels(Inputs(x))
        return super().fit(x, y, **kwargs)

    def infer_labels(self, images: tf.Tensor) -> tf.Tensor:
        """p(y | x) by Bayes' rule, with the ELBO for log p(x | y) and all classes alike beforehand.

        Factor after factor, those not yet inferred at equal parts of all classes; costs an encoding
        and a decoding per class.

        Args:
            images: `[batch, height, width, channels]`.

        Returns:
            Soft labels, float32 `[batch, width]`.
        """
        size = tf.shape(images)[0]
        groups = [tf.fill([size, count], 1.0 / count) for count in self.labels.class_counts]
        for place, count in enumerate(self.labels.class_counts):
            bounds = []
            for class_ in range(count):
                groups[place] = tf.one_hot(tf.fill([size], class_), count)
                bounds.append(self._evidence_lower_bound(images, tf.concat(groups, axis=-1)))
            groups[place] = label_probabilities(tf.stack(bounds, axis=-1), [count])
        return tf.concat(groups, axis=-1)

    def _evidence_lower_bound(self, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """The ELBO in nats with the posterior's mean for its sample, `[batch]`."""
        posterior = self.posterior(Inputs(images, labels=labels))
        logits = self.decode(posterior.mean(), labels)
        divergence = kl_divergence(posterior, self.prior_distribution(), posterior.mean())
        return -self.reconstruction.per_image(images, logits) - divergence

    def encoder_outputs(self, inputs: Inputs, training: bool | None = None) -> list[tf.Tensor]:
        """See `Autoencoder.encoder_outputs`; the encoder sees the labels where there is a tiler."""
        if self.tiler is not None:
            inputs = self.with_labels(inputs, infer=True)
            planes = self.tiler(inputs.labels, training=training)
            images = tf.concat([inputs.images, tf.cast(planes, inputs.images.dtype)], axis=-1)
            inputs = dataclasses.replace(inputs, images=images)
        return super().encoder_outputs(inputs, training)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        labels = self.labels
        return {
            **super().get_config(),
            "labels": {
                "names": list(labels.names),
                "columns": list(labels.columns),
                "class_counts": list(labels.class_counts),
                "class_weights": [float(weight) for weight in labels.class_weights],
                "value_names": [list(names) for names in labels.value_names],
            },
            "tiler": self.tiler and keras.saving.serialize_keras_object(self.tiler),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "ConditionalVAE":
        """The model of a `get_config`."""
        parts = {name: tuple(part) for name, part in config["labels"].items()}
        labels = Labels(**{**parts, "class_weights": np.array(parts["class_weights"], np.float32)})
        tiler = config["tiler"]
        tiler = tiler and keras.saving.deserialize_keras_object(tiler, custom_objects)
        return super().from_config({**config, "labels": labels, "tiler": tiler}, custom_objects)
