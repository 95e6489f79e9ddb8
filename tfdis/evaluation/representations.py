"""Functions from images to codes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tfdis.errors import UserError


def _unchanged(rows: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    del noise
    return rows


def _drawn(rows: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    mean, log_variance = np.split(rows, 2, axis=-1)
    return mean + np.exp(log_variance / 2) * noise.standard_normal(mean.shape, rows.dtype)


@dataclass(frozen=True)
class Representation:
    """A function from images to codes, in two halves.

    The first half depends on the image alone, so its results are kept. The second is cheap and is
    computed for every request, so that a sampled representation gets new noise each time.

    Attributes:
        encode: images, `[batch, height, width, channels]` (float32 in [0, 1]), to rows,
            `[batch, width]`.
        finish: rows, `[batch, width]`, and where noise comes from, to codes,
            `[batch, num_latents]`.
        repeatable: whether an image always gets the same row; None where that is not known. Where
            it is True, `encode` is called from several threads at once.
    """

    encode: Callable[[np.ndarray], np.ndarray]
    finish: Callable[[np.ndarray, np.random.Generator], np.ndarray] = _unchanged
    repeatable: bool | None = None
    _noise: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The codes of these images, `[batch, num_latents]`: disentanglement_lib's protocol."""
        return self.finish(self.encode(images), self._noise)


def sampled(
    mean_and_log_variance: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> Representation:
    """Draws from the posterior: mean and log variance are kept, the noise is new.

    Args:
        mean_and_log_variance: images to the pair, `[batch, num_latents]` each.
    """

    def encode(images: np.ndarray) -> np.ndarray:
        mean, *log_variance = mean_and_log_variance(images)
        if not log_variance or log_variance[0] is None:
            raise UserError("The model's encoder is deterministic: there is nothing to sample.")
        # A saved deterministic encoder has a log variance of -infinity; e^-5000 means no noise too.
        log_variance = np.maximum(np.asarray(log_variance[0]), -1e4)
        return np.concatenate([np.asarray(mean), log_variance], axis=-1)

    return Representation(encode, _drawn, repeatable=True)


def representation_of(model: Any, sample: bool = False) -> Representation:
    """The representation function of a model.

    Args:
        model: what `tfdis.load` gives, a Keras model of `tfdis.models`, or any function from
            images, `[batch, height, width, channels]` (float32 in [0, 1]), to codes,
            `[batch, num_latents]`.
        sample: whether to draw from the posterior; otherwise its mean.

    Raises:
        UserError: `model` is none of these, or has no posterior to draw from.
    """
    if isinstance(model, Representation):
        return model
    encoder = _encoder_of(model)
    if encoder is not None:
        if sample:
            return sampled(encoder)
        return Representation(lambda images: np.asarray(encoder(images)[0]), repeatable=True)
    if not callable(model):
        raise UserError(
            "model must be a trained model or a function from images to codes; received "
            f"{type(model).__name__}."
        )
    if sample:
        raise UserError("A function from images to codes has no posterior to draw from.")
    return Representation(lambda images: np.asarray(model(images)))


def log_likelihood_of(model: Any) -> Callable[[np.ndarray, int, int], np.ndarray] | None:
    """What gives the bounds of `TrainedModel.log_likelihood`; None for what has no decoder.

    Args:
        model: see `representation_of`.

    Returns:
        `f(images, num_samples, seed)`, which refuses a model that is no VAE with a likelihood.
    """
    if hasattr(model, "encoder_outputs"):
        from tfdis.models.trained import TrainedModel

        model = TrainedModel(model)
    if not hasattr(model, "log_likelihood"):
        return None
    return lambda images, num_samples, seed: model.log_likelihood(images, num_samples, seed=seed)


def _encoder_of(model: Any) -> Callable | None:
    """Images to (mean, log variance), or to the codes alone in a tuple; None for a function."""
    if hasattr(model, "encoder_outputs"):
        import tensorflow as tf

        from tfdis.batch import Inputs

        return tf.function(
            lambda images: model.encoder_outputs(Inputs(images), training=False),
            reduce_retracing=True,
            autograph=False,
        )
    return getattr(model, "encode", None)
