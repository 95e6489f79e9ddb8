"""A trained model with numpy arrays as inputs and outputs."""

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from tfdis import results
from tfdis.batch import Inputs
from tfdis.errors import UserError
from tfdis.keys import step_key
from tfdis.models import hub
from tfdis.models.autoencoder import Autoencoder
from tfdis.tf_hub import module_in

_BATCH = 512

# Keras' message for a class that is not registered.
_MISSING = re.compile(r"Could not locate (\w+) '([^']+)'.*?'module': '([^']+)'", re.DOTALL)


class TrainedModel:
    """Encodes, decodes, reconstructs and traverses, in batches of any size.

    Images are uint8, or floats in [0, 1]; `[batch, height, width, channels]`. A conditional model
    takes labels beside them, floats `[batch, width]`; it infers those that are left out.

    Args:
        model: a model of this library.
        gin: the bindings that it was trained with.

    Attributes:
        observation_shape: height, width and channels of an image.
        num_latents: the number of latents.
        label_groups: of a conditional model, the factors in its labels and the names of each one's
            classes; else empty.
    """

    def __init__(self, model: Autoencoder, gin: dict[str, str] | None = None):
        self.model, self.gin = model, gin or {}
        self.observation_shape, self.num_latents = model.observation_shape, model.num_latents
        self.label_groups = model.label_groups
        self._label_width = sum(len(classes) for _, classes in self.label_groups)
        images = tf.TensorSpec([None, *self.observation_shape], tf.float32)
        codes = tf.TensorSpec([None, self.num_latents], tf.float32)
        labels = (tf.TensorSpec([None, self._label_width], tf.float32),) * bool(self.label_groups)
        self._encode = tf.function(
            lambda images, labels=None: model.encoder_outputs(
                model.with_labels(Inputs(images, labels=labels), infer=True), training=False
            ),
            input_signature=[images, *labels],
            autograph=False,
        )
        self._decode = tf.function(
            lambda z, labels=None: [model.reconstruction.pixels(model.decode(z, labels))],
            input_signature=[codes, *labels],
            autograph=False,
        )
        if self.label_groups:
            self._infer = tf.function(
                lambda images: [model.infer_labels(images)],
                input_signature=[images],
                autograph=False,
            )

    def encode(
        self, images: np.ndarray, labels: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """The posterior of each image.

        Returns:
            Mean and log variance, float32 `[batch, num_latents]` each; the log variance is None
            where the encoder is deterministic.

        Raises:
            UserError: the images or labels have another shape.
        """
        images = self._checked(images)
        parts = _batched(self._encode, images, *self._labels_beside(images, labels))
        return parts if len(parts) == 2 else (*parts, None)

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Codes `[batch, num_latents]` to images, float32 in [0, 1].

        Raises:
            UserError: codes or labels have another shape, there are not as many of the one as of
                the other, or a conditional model gets no labels.
        """
        z = np.asarray(z, np.float32)
        if z.ndim != 2 or z.shape[1] != self.num_latents:
            raise UserError(
                f"The codes have the shape {list(z.shape)}: expected [batch, {self.num_latents}]."
            )
        if self.label_groups and labels is None:
            names = ", ".join(name for name, _ in self.label_groups)
            raise UserError(f"This model decodes codes with labels: pass labels of {names}.")
        return _batched(self._decode, z, *self._labels_beside(z, labels))[0]

    def reconstruct(self, images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Decodes each posterior's mean, float32 in [0, 1]."""
        labels = self._labels_beside(self._checked(images), labels)
        return self.decode(self.encode(images, *labels)[0], *labels)

    def traverse(
        self,
        image: np.ndarray,
        latent: int,
        values: Sequence[float],
        label: np.ndarray | None = None,
    ) -> np.ndarray:
        """Decodes an image's code with one latent replaced.

        Args:
            image: one image, `[height, width, channels]`.
            latent: the latent's index.
            values: what to put in its place.
            label: of the image, `[width]`, for a conditional model.

        Returns:
            One image per value, float32 in [0, 1].

        Raises:
            UserError: there is no such latent.
        """
        if not 0 <= latent < self.num_latents:
            raise UserError(f"There is no latent {latent}: there are 0 to {self.num_latents - 1}.")
        images = self._checked(np.asarray(image)[None])
        labels = self._labels_beside(images, None if label is None else np.asarray(label)[None])
        codes = np.repeat(self.encode(images, *labels)[0], len(values), axis=0)
        codes[:, latent] = values
        return self.decode(codes, *(np.repeat(part, len(values), axis=0) for part in labels))

    def sample(
        self, num_images: int, labels: np.ndarray | None = None, seed: int = 0
    ) -> np.ndarray:
        """Decodes codes drawn from the prior.

        Args:
            num_images: how many.
            labels: of the images to draw, `[num_images, width]`, for a conditional model.
            seed: of the draws.

        Returns:
            Images, float32 in [0, 1].

        Raises:
            UserError: the model has no prior, or labels are missing or of another shape.
        """
        if num_images < 1:
            raise UserError(f"{num_images} images cannot be drawn: ask for 1 or more.")
        return self.decode(self.model.sample_prior(num_images, step_key(seed, 0)), labels)

    def interpolate(self, images: np.ndarray, num_images: int = 8) -> np.ndarray:
        """Decodes codes on the straight line between those of two images.

        Args:
            images: two images, `[2, height, width, channels]`; a conditional model goes from the
                label that it infers of the one to that of the other.
            num_images: in the result, both ends counted in; 2 or more.

        Returns:
            `[num_images, height, width, channels]`, float32 in [0, 1].

        Raises:
            UserError: there are not two images, or fewer than two are asked for.
        """
        images = self._checked(images)
        if len(images) != 2 or num_images < 2:
            raise UserError(
                f"An interpolation goes from one image to another in 2 images or more: received "
                f"{len(images)} images, and {num_images} to draw."
            )
        share = np.linspace(0, 1, num_images, dtype=np.float32)[:, None]
        labels = self._labels_beside(images, None)
        ends = [self.encode(images, *labels)[0], *labels]
        return self.decode(*(first + share * (last - first) for first, last in ends))

    def log_likelihood(
        self,
        images: np.ndarray,
        num_samples: int = 100,
        labels: np.ndarray | None = None,
        seed: int = 0,
    ) -> np.ndarray:
        """Lower bounds of log p(x) in nats by importance sampling; see `VAE.log_likelihood`.

        Args:
            images: `[batch, height, width, channels]`.
            num_samples: codes drawn for each image.
            labels: see `encode`; the bound is of log p(x | labels) then.
            seed: of the draws.

        Returns:
            float32 `[batch]`.

        Raises:
            UserError: the model is no VAE, or its reconstruction no likelihood.
        """
        if not self.model.has_posterior:
            raise UserError("log p(x) is estimated for VAEs: this model has no posterior.")
        images = self._checked(images)
        rows = np.arange(len(images))

        @tf.function(reduce_retracing=True)
        def bound(
            images: tf.Tensor, rows: tf.Tensor, labels: tf.Tensor | None = None
        ) -> list[tf.Tensor]:
            key = step_key(seed, rows[0])  # of each batch another
            return [self.model.log_likelihood(Inputs(images, labels=labels), num_samples, key)]

        return _batched(bound, images, rows, *self._labels_beside(images, labels))[0]

    @property
    def latent_values(self) -> list[np.ndarray] | None:
        """The values that each quantized latent takes, `[num_values]` each; None of others."""
        return self.model.latent_values

    @property
    def is_gaussian(self) -> bool:
        """Whether codes have a diagonal Gaussian posterior and a standard normal prior."""
        return self.model.is_gaussian

    @property
    def has_prior(self) -> bool:
        """Whether there is a prior to `sample` from."""
        return self.model.has_posterior or self.latent_values is not None

    def labels(self, factors: np.ndarray) -> np.ndarray:
        """The labels in factors `[batch, num_factors]` of a conditional model's data set.

        Returns:
            float32, `[batch, width]`.

        Raises:
            UserError: the model has no labels, or the factors do not fit them.
        """
        self._refuse_labels_of_others()
        return self.model.labels_of(np.asarray(factors)).numpy()

    def infer_labels(self, images: np.ndarray) -> np.ndarray:
        """The soft labels that a conditional model reads from images, float32 `[batch, width]`.

        Raises:
            UserError: the model has no labels, or the images have another shape.
        """
        self._refuse_labels_of_others()
        return _batched(self._infer, self._checked(images))[0]

    def _labels_beside(
        self, inputs: np.ndarray, labels: np.ndarray | None
    ) -> tuple[np.ndarray, ...]:
        """The labels where the model takes some, `[batch, width]`; else nothing.

        Args:
            inputs: the images, from which labels that are not given are inferred, or codes.
            labels: those that are given.
        """
        if labels is None:
            return (self.infer_labels(inputs),) if self.label_groups else ()
        self._refuse_labels_of_others()
        labels = np.asarray(labels, np.float32)
        if labels.ndim != 2 or labels.shape[1] != self._label_width:
            raise UserError(
                f"The labels have the shape {list(labels.shape)}: expected [batch, "
                f"{self._label_width}]."
            )
        if len(labels) != len(inputs):
            kind = "codes" if inputs.ndim == 2 else "images"
            raise UserError(
                f"There are {len(labels)} labels beside {len(inputs)} {kind}: expected one each."
            )
        return (labels,)

    def _refuse_labels_of_others(self) -> None:
        if not self.label_groups:
            raise UserError("Labels are for conditional models: this one has none.")

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
    """Reads the model that a training left in a directory, or that `tfdis.push` put on the hub.

    No code is run from the files: Keras loads them in its safe mode, without pickle.

    Args:
        model_dir: the directory, a `.keras` file, or `hf://user/name`. A file, and a directory
            without `results/`, has no gin bindings.

    Raises:
        UserError: there is no model, or the file is damaged or of another kind.
    """
    if str(model_dir).startswith(hub.SCHEME):
        folder = hub.download(str(model_dir))
        return TrainedModel(load_keras(folder), _bindings_in(folder))
    model_dir = Path(model_dir)
    if model_dir.suffix == ".keras" and not model_dir.is_dir():
        return TrainedModel(load_keras(model_dir))
    if not (model_dir / "model.keras").is_file() and module_in(model_dir) is not None:
        raise UserError(
            f"{model_dir} holds a TF-Hub module and no model.keras: tfdis-evaluate, "
            "tfdis-postprocess and tfdis-visualize take a module; name a directory that "
            "tfdis-train wrote where the Keras model is needed."
        )
    return TrainedModel(load_keras(model_dir / "model.keras"), _bindings_in(model_dir))


def _bindings_in(folder: Path) -> dict[str, str] | None:
    """Those of the training; a model that Python code has saved has none."""
    written = (folder / "results").is_dir()
    return results.read_gin(folder / "results", "train") if written else None


def load_keras(path: str | os.PathLike) -> Autoencoder:
    """Reads a `.keras` file of this library, or the folder that Keras makes of one on the hub.

    Raises:
        UserError: it is missing, damaged, or holds something else, or a class that it needs is in
            a module of the user's own that is not imported.
    """
    from tfdis.config import register_all

    register_all()
    if not Path(path).is_file() and not Path(path, "config.json").is_file():
        raise UserError(
            f"There is no model at {path}: name a directory that tfdis-train wrote, or a .keras "
            "file."
        )
    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    # Keras' exception depends on the first wrong byte; all mean the same to the user.
    except Exception as error:
        missing = _MISSING.search(str(error))
        if missing:
            kind, name, module = missing.groups()
            raise UserError(
                f"{path} needs the {kind} {name} of the module {module}, which is not imported: "
                f"where you trust it, pass --import={module}, or import it before."
            ) from error
        raise UserError(
            f"{path} is damaged or not a model of this library: {str(error).splitlines()[0][:200]}"
        ) from error
    if not isinstance(model, Autoencoder):
        raise UserError(f"{path} holds a {type(model).__name__}: expected a model of this library.")
    return model


def _batched(function: Callable, *inputs: np.ndarray) -> tuple[np.ndarray, ...]:
    starts = range(0, max(len(inputs[0]), 1), _BATCH)
    parts = [
        function(*(tf.constant(each[start : start + _BATCH]) for each in inputs))
        for start in starts
    ]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
