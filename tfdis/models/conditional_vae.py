"""The conditional VAE: labels beside images on their way in, beside codes on their way out."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.data.labels import Labels
from tfdis.distributions import diagonal_gaussian, standard_normal
from tfdis.errors import UserError
from tfdis.losses.labels import label_probabilities
from tfdis.losses.term import Batch, LossTerm
from tfdis.models.batches import Data
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
        self.built = True

    @property
    def state(self) -> dict[str, list[keras.Variable]]:
        """See `Autoencoder.state`; the tiler's weights too."""
        return {**super().state, "tiler": self.tiler.variables if self.tiler else []}

    @property
    def label_width(self) -> int:
        """The number of columns of a label, all factors' together."""
        return sum(self.labels.class_counts)

    @property
    def label_groups(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The factors in a label and the names of each one's classes."""
        return self.labels.groups

    def labels_of(self, factors: Any) -> tf.Tensor:
        """The labels in a batch's factors, float32 `[batch, width]`.

        Args:
            factors: all factors of the data set, integers `[batch, num_factors]`; or labels, floats
                `[batch, width]`, which are taken as they are.

        Raises:
            UserError: they are missing, of another width, or out of range (where that is known, so
                not inside a graph).
        """
        names = ", ".join(self.labels.names)
        if factors is None:
            raise UserError(f"The model conditions on {names}: expected factors beside the images.")
        factors = tf.convert_to_tensor(factors)
        shape = factors.shape
        if factors.dtype.is_floating:
            if shape.rank != 2 or shape[1] != self.label_width:
                raise UserError(
                    f"Labels of {names} have the shape {list(shape)}: expected "
                    f"[batch, {self.label_width}]."
                )
            return tf.cast(factors, tf.float32)
        needed = max(self.labels.columns) + 1
        if shape.rank != 2 or shape[1] < needed:
            raise UserError(
                f"Factors have the shape {list(shape)}: expected [batch, num_factors] with at "
                f"least {needed} factors, of which the labels {names} are "
                f"{', '.join(map(str, self.labels.columns))}."
            )
        if tf.executing_eagerly():
            self._refuse_out_of_range(factors.numpy())
        return self.labels.one_hot(factors)

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
        """As Keras' `fit`, on images and factors, which are checked first where they are arrays."""
        if y is not None or isinstance(x, np.ndarray | tf.Tensor):
            self.labels_of(y)
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
        posterior = self.posterior(images, labels)
        logits = self.decode(posterior.mean(), labels)
        divergence = posterior.kl_divergence(standard_normal(self.num_latents))
        return -self.reconstruction.per_image(images, logits) - divergence

    def encoder_outputs(
        self, images: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tuple[tf.Tensor, ...]:
        """See `Autoencoder.encoder_outputs`; labels that are left out are inferred."""
        if self.tiler is not None:
            labels = self.infer_labels(images) if labels is None else labels
            planes = self.tiler(labels, training=training)
            images = tf.concat([images, tf.cast(planes, images.dtype)], axis=-1)
        return super().encoder_outputs(images, training)

    def encode(
        self, images: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        """Images and labels to the posterior's mean, float32 `[batch, num_latents]`."""
        return self.encoder_outputs(images, labels, training)[0]

    def posterior(
        self, images: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tfp.distributions.Distribution:
        """q(z | x, y): event shape `[num_latents]`, batch shape `[batch]`."""
        return diagonal_gaussian(*self.encoder_outputs(images, labels, training))

    def decoder_input(self, images: tf.Tensor, z: tf.Tensor) -> tf.Tensor:
        """The code joined with the image's inferred label, `[batch, num_latents + width]`."""
        return tf.concat([z, self.infer_labels(images)], axis=-1)

    def decode(
        self, z: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        """Codes and labels to logits; without labels, `z` is codes joined with labels."""
        return super().decode(z if labels is None else tf.concat([z, labels], axis=-1), training)

    def call(
        self, images: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        """Images and labels to the logits of reconstructions, without noise."""
        labels = self.infer_labels(images) if labels is None else labels
        return self.decode(self.encode(images, labels, training), labels, training)

    def forward(self, data: Data, step: tf.Tensor, key: tf.Tensor, training: bool) -> Batch:
        """See `Autoencoder.forward`."""
        labels = self.labels_of(data.factors)
        posterior = self.posterior(data.images, labels, training)
        z = self.sample(posterior, key)
        logits = self.decode(z, labels, training)
        prior = standard_normal(self.num_latents)
        return Batch(data.images, logits, z, posterior, prior, step, key, labels=labels)

    def second_codes(self, data: Data, key: tf.Tensor) -> tf.Tensor:
        """See `Autoencoder.second_codes`."""
        labels = self.labels_of(data.factors)
        return self.sample(self.posterior(data.images, labels, training=True), key)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this model again."""
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
