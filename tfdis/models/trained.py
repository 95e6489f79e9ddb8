"""A trained model as its users want it: numpy in, numpy out."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdis import results
from tfdis.errors import UserError
from tfdis.models.autoencoder import Autoencoder

_BATCH = 512


class TrainedModel:
    """Encodes, decodes, reconstructs and traverses, in batches of any size.

    Images are uint8, or floats in [0, 1]; `[batch, height, width, channels]`.

    Args:
        model: a model of this library.
        gin: the bindings that it was trained with.

    Attributes:
        observation_shape: height, width and channels of an image.
        num_latents: the number of latents.
    """

    def __init__(self, model: Autoencoder, gin: dict[str, str] | None = None):
        self.model, self.gin = model, gin or {}
        self.observation_shape, self.num_latents = model.observation_shape, model.num_latents
        images = tf.TensorSpec([None, *self.observation_shape], tf.float32)
        codes = tf.TensorSpec([None, self.num_latents], tf.float32)
        self._encode = tf.function(model.encoder_outputs, input_signature=[images])
        self._decode = tf.function(
            lambda z: (model.reconstruction.pixels(model.decode(z, training=False)),),
            input_signature=[codes],
        )

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The posterior of each image.

        Returns:
            Mean and log variance, float32 `[batch, num_latents]` each; the log variance is None
            where the encoder is deterministic.

        Raises:
            UserError: the images have another shape.
        """
        parts = _batched(self._encode, self._checked(images))
        return parts if len(parts) == 2 else (*parts, None)

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Codes `[batch, num_latents]` to images, float32 in [0, 1].

        Raises:
            UserError: the codes have another shape.
        """
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.num_latents:
            raise UserError(
                f"The codes have the shape {list(z.shape)}: expected [batch, {self.num_latents}]."
            )
        return _batched(self._decode, z)[0]

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        """What the decoder makes of each posterior's mean, float32 in [0, 1]."""
        return self.decode(self.encode(images)[0])

    def traverse(self, image: np.ndarray, latent: int, values: Sequence[float]) -> np.ndarray:
        """Decodes an image's code with one latent replaced.

        Args:
            image: one image, `[height, width, channels]`.
            latent: the latent's index.
            values: what to put in its place.

        Returns:
            One image per value, float32 in [0, 1].

        Raises:
            UserError: there is no such latent.
        """
        if not 0 <= latent < self.num_latents:
            raise UserError(f"There is no latent {latent}: there are 0 to {self.num_latents - 1}.")
        codes = np.repeat(self.encode(image[None])[0], len(values), axis=0)
        codes[:, latent] = values
        return self.decode(codes)

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = np.asarray(images)
        if images.ndim != 4 or images.shape[1:] != tuple(self.observation_shape):
            expected = ", ".join(map(str, self.observation_shape))
            raise UserError(
                f"The images have the shape {list(images.shape)}: expected [batch, {expected}]."
            )
        if images.dtype == np.uint8:
            return images.astype(np.float32) / 255.0
        return images.astype(np.float32, copy=False)


def load(model_dir: str | os.PathLike) -> TrainedModel:
    """Reads the model that a training left in a directory.

    No code is run from the file: Keras loads it in its safe mode, without pickle.

    Raises:
        UserError: there is no model, or the file is damaged or of another kind.
    """
    model_dir = Path(model_dir)
    model = load_keras(model_dir / "model.keras")
    return TrainedModel(model, results.read_gin(model_dir / "results", "train"))


def load_keras(path: str | os.PathLike) -> Autoencoder:
    """Reads a `.keras` file of this library.

    Raises:
        UserError: it is missing, damaged, or holds something else.
    """
    from tfdis.config import register_all

    register_all()
    if not Path(path).is_file():
        raise UserError(f"There is no model at {path}: name a directory that tfdis-train wrote.")
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    # Keras raises whatever the first wrong byte leads to; all of it means the same to the user.
    except Exception as error:
        raise UserError(
            f"{path} is damaged or no model of this library: {str(error).splitlines()[0][:200]}"
        ) from error
    if not isinstance(model, Autoencoder):
        raise UserError(f"{path} holds a {type(model).__name__}: expected a model of this library.")
    return model


def _batched(function: Callable, inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    starts = range(0, max(len(inputs), 1), _BATCH)
    parts = [function(tf.constant(inputs[start : start + _BATCH])) for start in starts]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
