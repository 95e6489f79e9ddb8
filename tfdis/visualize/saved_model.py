"""A TF-Hub module that training left, ours or disentanglement_lib's, as pictures need a model."""

import numpy as np
import tensorflow as tf

from tfdis.distributions.choice import refuse_other_than_gaussian
from tfdis.errors import UserError
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory


class SavedModel:
    """See `tfdis.visualize.material.Trained`.

    Args:
        opened: has the signatures "gaussian_encoder" and "decoder".

    Raises:
        UserError: a signature is missing, as where only a representation was kept; the posterior
            is no Gaussian; or the decoder takes labels too.
    """

    label_groups = ()
    latent_values = None
    is_gaussian = True

    def __init__(self, opened: SavedModelDirectory):
        missing = {"gaussian_encoder", "decoder"} - opened.signatures.keys()
        if missing:
            raise UserError(
                f"The module in {opened.path} has no signature '{min(missing)}' to draw from, only "
                f"{', '.join(sorted(opened.signatures))}: name the directory of its training."
            )
        bindings = opened.bindings("train")
        refuse_other_than_gaussian(bindings, "tfdis-visualize of a TF-Hub module")
        self._opened = opened  # which keeps the variables
        self._encoder, self._decoder = map(opened.signature, ("gaussian_encoder", "decoder"))
        # The decoder gives what the reconstruction loss takes.
        self._tanh = bindings.get("reconstruction_loss.activation", "").strip("'\"") == "tanh"
        codes = self._decoder.structured_input_signature[1]["latent_vectors"].shape[1]
        self.num_latents = self._encoder.structured_outputs["mean"].shape[1]
        if codes != self.num_latents:
            raise UserError(
                f"The decoder in {opened.path} takes labels beside the codes: name the directory "
                "that tfdis-train wrote, with its model.keras."
            )
        shape = self._encoder.structured_input_signature[1]["images"].shape[1:]
        _, log_variance = self.encode(np.zeros((1, *shape), np.float32))
        self.has_prior = log_variance is not None

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """See `Trained.encode`; a deterministic encoder has log variances of -inf."""
        outputs = self._encoder(images=tf.constant(images, tf.float32))
        mean, log_variance = outputs["mean"].numpy(), outputs["logvar"].numpy()
        return mean, None if np.isneginf(log_variance).all() else log_variance

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """See `Trained.decode`."""
        outputs = self._decoder(latent_vectors=tf.constant(codes, tf.float32))["images"]
        pixels = tf.tanh(outputs) / 2 + 0.5 if self._tanh else tf.sigmoid(outputs)
        return pixels.numpy()

    def sample(
        self, num_images: int, labels: np.ndarray | None = None, seed: int = 0
    ) -> np.ndarray:
        """See `Trained.sample`."""
        del labels
        codes = np.random.RandomState(seed).standard_normal((num_images, self.num_latents))
        return self.decode(codes)
