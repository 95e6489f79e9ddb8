"""The plain autoencoder."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfdis.batch import Inputs, Outputs
from tfdis.errors import UserError
from tfdis.losses.reconstruction import Reconstruction
from tfdis.losses.term import LossTerm
from tfdis.models.hub_module import export_hub_module
from tfdis.models.model_of_terms import ModelOfTerms


@keras.saving.register_keras_serializable("tfdis")
class Autoencoder(ModelOfTerms):
    """An encoder, a decoder, and a loss that is a sum of terms.

    Here the encoder is deterministic: images -> codes `[batch, num_latents]`. `VAE` makes it a
    posterior; a conditional model adds labels.

    Args:
        encoder: a built model from images `[batch, height, width, channels]`.
        decoder: a built model from codes `[batch, num_latents]` to logits of the images' shape.
        terms: the loss terms; exactly one of them is a `Reconstruction`. Their names are unique.
        num_images: the size of the data set, for terms that need it.
        seed: of all noise; the noise of an update is a function of (seed, update).

    Attributes:
        label_groups: of a conditional model, the factors in its labels and the names of each one's
            classes.
        is_conditional: whether it has labels, which its networks are then wider for.
        has_posterior: whether codes are drawn from a posterior, for terms that need one.
        is_gaussian: whether that is a diagonal Gaussian, and the prior a standard normal.
        latent_values: of quantized latents, the values of each, `[num_values]`; else None.

    Raises:
        UserError: there is not exactly one reconstruction, two terms have one name, or the decoder
            does not fit the encoder.
    """

    label_groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    is_conditional: bool = False
    has_posterior: bool = False
    is_gaussian: bool = False
    latent_values: list[np.ndarray] | None = None

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        terms: Sequence[LossTerm],
        num_images: int | None = None,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(terms, encoder.outputs[0].shape[-1], num_images, seed, **kwargs)
        self.encoder, self.decoder = encoder, decoder
        if not self.is_conditional:
            refuse_other_networks(encoder, decoder)
        self.reconstruction = _the_reconstruction(self.terms)
        _refuse_terms_without_posterior(self.terms, self.has_posterior)
        for term in self.terms:
            term.see_decoder(decoder)
        self.built = True

    @property
    def num_latents(self) -> int:
        """The number of latents."""
        return self.encoder.outputs[0].shape[-1]

    @property
    def observation_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return tuple(self.decoder.outputs[0].shape[1:])

    def refuse_images(self, images: np.ndarray | tf.Tensor) -> None:
        """See `ModelOfTerms.refuse_images`; also of another shape than the model's."""
        super().refuse_images(images)
        shape, expected = tf.TensorShape(images.shape), self.observation_shape
        if not shape.is_compatible_with([None, *expected]):
            height, width, channels = expected
            raise UserError(
                f"Images have the shape {shape.as_list()}: expected [batch, {height}, {width}, "
                f"{channels}], as the networks have it."
            )

    def inputs_of(self, data: Any) -> Inputs:
        """See `Inputs.of`; refuses images of another shape than the model's."""
        inputs = super().inputs_of(data)
        self.refuse_images(inputs.images)
        return inputs

    def predict_step(self, data: Any) -> tf.Tensor:
        """As in Keras; inputs are checked before `call`, whose errors Keras makes longer."""
        self.inputs_of(keras.utils.unpack_x_y_sample_weight(data)[0])
        return super().predict_step(data)

    def call(
        self,
        images: tf.Tensor | Mapping[str, tf.Tensor],
        labels: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Images, and labels where the model takes some, to logits, without noise.

        Args:
            images: uint8, or floats in [0, 1]; or a dictionary, see `Inputs.of`.
            labels: see `with_labels`; without any they are inferred.
            training: as in Keras.
        """
        inputs = self.inputs_of(images)
        if labels is not None:
            inputs = dataclasses.replace(inputs, labels=labels)
        inputs = self.with_labels(inputs, infer=True)
        return self.decode(self.encode(inputs, training), inputs.labels, training)

    def with_labels(self, inputs: Inputs, infer: bool = False) -> Inputs:
        """The inputs with the labels that the model conditions on; here as they are.

        Args:
            inputs: a batch.
            infer: read labels that are not given from the images, which costs a network's pass.
        """
        del infer
        return inputs

    def encoder_outputs(self, inputs: Inputs, training: bool | None = None) -> list[tf.Tensor]:
        """The codes, float32 `[batch, num_latents]`; the parameters where there is a posterior."""
        outputs = tf.nest.flatten(self.encoder(inputs.images, training=training))
        return [tf.cast(output, tf.float32) for output in outputs]

    def encode(self, inputs: Inputs, training: bool | None = None) -> tf.Tensor:
        """The codes, float32 `[batch, num_latents]`; the mean where there is a posterior."""
        return self.encoder_outputs(inputs, training)[0]

    def decode(
        self, z: tf.Tensor, labels: tf.Tensor | None = None, training: bool | None = None
    ) -> tf.Tensor:
        """Codes, joined with labels where there are some, to logits; float32 `[batch, ...]`."""
        code = z if labels is None else tf.concat([z, labels], axis=-1)
        return tf.cast(self.decoder(code, training=training), tf.float32)

    def reconstruct(
        self, images: tf.Tensor | Mapping[str, tf.Tensor], labels: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Images, see `call`, to their reconstructions in [0, 1], without noise."""
        self.inputs_of(images)  # whose errors are shorter here than from within Keras' call
        return self.reconstruction.pixels(self(images, labels, training=False))

    def forward(self, inputs: Inputs, step: tf.Tensor, key: tf.Tensor, training: bool) -> Outputs:
        """See `ModelOfTerms.forward`."""
        z = self.encode(inputs, training)
        return Outputs(inputs, z, self.decode(z, training=training), step, key)

    def second_codes(self, inputs: Inputs, key: tf.Tensor) -> tf.Tensor:
        """See `ModelOfTerms.second_codes`."""
        del key
        return self.encode(inputs, training=True)

    def sample_prior(self, num_samples: int, key: tf.Tensor) -> tf.Tensor:
        """Codes drawn from the prior, `[num_samples, num_latents]`.

        Args:
            num_samples: how many.
            key: int32 `[2]`, the seed.

        Raises:
            UserError: the model has no prior.
        """
        del num_samples, key
        raise UserError(
            "A deterministic autoencoder has no prior to draw codes from: train a VAE or a "
            "quantized autoencoder."
        )

    def save_in(self, directory: str | os.PathLike) -> list[Path]:
        """See `ModelOfTerms.save_in`; also writes `tfhub/`, which needs neither Keras nor tfdis."""
        module = Path(directory) / "tfhub"
        paths = super().save_in(directory)
        export_hub_module(self, module)
        return [*paths, module]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        serialize = keras.saving.serialize_keras_object
        return {
            "encoder": serialize(self.encoder),
            "decoder": serialize(self.decoder),
            "terms": [serialize(term) for term in self.terms],
            "num_images": self.num_images,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Autoencoder":
        """The model of a `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls(
            **{
                **config,
                "encoder": deserialize(config["encoder"], custom_objects),
                "decoder": deserialize(config["decoder"], custom_objects),
                "terms": [deserialize(term, custom_objects) for term in config["terms"]],
            }
        )


def refuse_other_networks(
    encoder: keras.Model, decoder: keras.Model, num_planes: int = 0, label_width: int = 0
) -> None:
    """Refuses two networks that are not of the same images and codes.

    Args:
        encoder: see `Autoencoder`.
        decoder: see `Autoencoder`.
        num_planes: channels that the encoder takes beside those of the images.
        label_width: numbers that the decoder takes beside the codes.

    Raises:
        UserError: see above; whatever a network leaves open fits.
    """
    taken, made = list(encoder.inputs[0].shape[1:]), list(decoder.outputs[0].shape[1:])
    if not _fit(taken, made if made[-1] is None else [*made[:-1], made[-1] + num_planes]):
        beside = f", {num_planes} of whose channels are the label's" if num_planes else ""
        raise UserError(
            f"The encoder takes images of the shape {taken}{beside}, and the decoder makes some of "
            f"the shape {made}: make both networks for the same images."
        )
    num_latents = encoder.outputs[0].shape[-1]
    if not _fit([num_latents + label_width], [decoder.inputs[0].shape[-1]]):
        beside = f" and a label of {label_width} numbers" if label_width else ""
        raise UserError(
            f"The decoder takes codes of {decoder.inputs[0].shape[-1]} numbers, and the encoder "
            f"gives {num_latents} latents{beside}: make the decoder for "
            f"{num_latents + label_width} numbers."
        )


def _fit(one: Sequence[int | None], other: Sequence[int | None]) -> bool:
    return tf.TensorShape(one).is_compatible_with(other)


def _the_reconstruction(terms: Sequence[LossTerm]) -> Reconstruction:
    found = [term for term in terms if isinstance(term, Reconstruction)]
    if len(found) != 1:
        names = ", ".join(term.name for term in terms)
        raise UserError(
            f"A model needs one reconstruction term, such as @reconstruction_loss(): {len(found)} "
            f"among {names or 'no terms'}."
        )
    return found[0]


def _refuse_terms_without_posterior(terms: Sequence[LossTerm], has_posterior: bool) -> None:
    for term in terms:
        if term.needs_posterior and not has_posterior:
            raise UserError(
                f"The loss term {term.name} needs a posterior, and the encoder of this model is "
                "deterministic: take the term out, or train a VAE."
            )
