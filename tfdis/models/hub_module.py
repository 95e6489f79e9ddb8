"""The model as a TF-Hub 1 module with disentanglement_lib's signatures."""

import os
import shutil

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from tfdis.batch import Inputs
from tfdis.disk import os_errors
from tfdis.results import staged_directory
from tfdis.tf_hub import write_hub_module


def export_hub_module(model: keras.Model, path: str | os.PathLike) -> None:
    """Writes `path`, a SavedModel that needs neither Keras nor this library to be read.

    TensorFlow 2 loads it by `tf.saved_model.load`, TensorFlow 1.15 by `hub.Module`, and so do
    disentanglement_lib 1.5's stages. Signatures, as its TF-Hub modules have them (images are
    float32 in [0, 1], `[batch, height, width, channels]`):

        gaussian_encoder   images -> mean, logvar (the logvar of a deterministic encoder is -inf)
        reconstructions    images -> images: the logits of one decoded sample of the posterior
        decoder            latent_vectors -> images: logits

    Where a conditional model needs the label of an image, it is the one that the model infers;
    `latent_vectors` are its codes joined with its labels. It has one more:

        labelled_encoder   as gaussian_encoder, of codes joined with soft labels (logvar -inf)

    Args:
        model: an `Autoencoder`.
        path: the directory to write.

    Raises:
        UserError: it cannot be written.
    """
    images = tf.TensorSpec([None, *model.observation_shape], tf.float32, name="images")
    codes = tf.TensorSpec(
        [None, model.decoder.inputs[0].shape[-1]], tf.float32, name="latent_vectors"
    )

    @tf.function(input_signature=[images], autograph=False)
    def gaussian_encoder(images: tf.Tensor) -> dict[str, tf.Tensor]:
        mean, *rest = model.encoder_outputs(Inputs(images), training=False)
        logvar = rest[0] if rest else tf.fill(tf.shape(mean), -float("inf"))
        return {"mean": mean, "logvar": logvar}

    @tf.function(input_signature=[images], autograph=False)
    def reconstructions(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = gaussian_encoder(images)
        z = outputs["mean"]
        if model.has_posterior:
            posterior = model.posterior_family(z, outputs["logvar"])
            latents = getattr(posterior, "distribution", None)
            if isinstance(latents, tfp.distributions.Normal):
                # tfp's own sampling has an operation that TensorFlow 1.15 lacks.
                z += posterior.stddev() * tf.random.normal(tf.shape(z))
            else:
                z = posterior.sample()
        labels = model.with_labels(Inputs(images), infer=True).labels
        return {"images": model.decode(z, labels, training=False)}

    @tf.function(input_signature=[codes], autograph=False)
    def decoder(latent_vectors: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"images": model.decode(latent_vectors, training=False)}

    @tf.function(input_signature=[images], autograph=False)
    def labelled_encoder(images: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = gaussian_encoder(images)
        label = model.with_labels(Inputs(images), infer=True).labels
        mean = tf.concat([outputs["mean"], label], axis=-1)
        logvar = tf.concat([outputs["logvar"], tf.fill(tf.shape(label), -float("inf"))], axis=-1)
        return {"mean": mean, "logvar": logvar}

    signatures = {
        "gaussian_encoder": gaussian_encoder,
        "reconstructions": reconstructions,
        "decoder": decoder,
    }
    if codes.shape[1] > model.num_latents:
        signatures["labelled_encoder"] = labelled_encoder
    with staged_directory(path) as partial, os_errors():
        write_hub_module(partial, signatures)
        shutil.rmtree(path, ignore_errors=True)  # of an earlier end of a run that went on
