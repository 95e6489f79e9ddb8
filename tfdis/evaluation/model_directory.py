"""The codes that a model directory gives."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from tfdis.data.sampling import training_weights
from tfdis.errors import UserError
from tfdis.evaluation.representations import Representation, sampled
from tfdis.evaluation.settings import gin_apart, note_call
from tfdis.evaluation.sources import DataSource, Progress
from tfdis.models.trained import TrainedModel, load
from tfdis.postprocessing.saved_model_directory import (
    SavedModelDirectory,
    dataset_of,
    resolve_dataset,
)

_SHIFTS = ("split.", "held_out.", "correlated_factors.")


class ModelDirectory(SavedModelDirectory):
    """A saved model, with the codes of the images encoded so far.

    The signature `representation` is what is scored; where there is none, the mean of the signature
    `gaussian_encoder`. Arguments are those of `SavedModelDirectory`.
    """

    def __init__(self, model_dir: str | os.PathLike):
        super().__init__(model_dir)
        self._sources: dict[str, DataSource] = {}
        self._model: TrainedModel | None = None

    def representation(self) -> Representation:
        """What is scored.

        Raises:
            UserError: the model has none of the signatures that could be.
        """
        if "representation" not in self.signatures:
            encoder = _outputs(self.signature("gaussian_encoder"), "mean")
            return Representation(lambda images: encoder(images)[0], repeatable=True)
        bindings = self.bindings("postprocess")
        function = bindings.get("postprocess.postprocess_fn")
        encoder = bindings.get("postprocess.encoder", "gaussian_encoder").strip("'\"")
        if function == "@sampled_representation" and encoder in self.signatures:
            return sampled(_outputs(self.signatures[encoder], "mean", "logvar"))
        function = _outputs(self.signatures["representation"], "default")
        return Representation(lambda images: function(images)[0])

    def source(self, progress: Progress | None = None) -> DataSource:
        """The codes of the data set `dataset.name`; of each name the same object every time.

        Args:
            progress: called with the number of images encoded so far and in total.

        Raises:
            UserError: see `dataset_of`.
        """
        name = resolve_dataset(self)
        if name not in self._sources:
            data = dataset_of(self)
            source = DataSource(data, self.representation(), progress=progress)
            source.log_likelihood = self._log_likelihood
            bindings = self.bindings("train")
            if any(binding.startswith(_SHIFTS) for binding in bindings):
                source.training_weights = partial(_weights, data, bindings)
            self._sources[name] = source
        note_call("tfdis.dataset", name=name)
        return self._sources[name]

    def _log_likelihood(self, images: np.ndarray, num_samples: int, seed: int) -> np.ndarray:
        """Lower bounds of log p(x); needs the Keras model, of which a TF-Hub module is a part."""
        if self._model is None:
            if not (self.path / "model.keras").is_file():
                raise UserError(
                    f"log p(x) needs prior and likelihood, which {self.path} does not hold (there "
                    "is no model.keras): name a directory that tfdis-train wrote."
                )
            self._model = load(self.path)
        return self._model.log_likelihood(images, num_samples, seed=seed)


def _weights(data: Any, bindings: Mapping[str, str]) -> np.ndarray | None:
    """How often the training drew each image."""
    with gin_apart():
        gin.parse_config(
            [f"{name} = {value}" for name, value in bindings.items() if name.startswith(_SHIFTS)]
        )
        return training_weights(data)


def _outputs(signature: Callable, *names: str) -> Callable[[np.ndarray], tuple[np.ndarray, ...]]:
    def call(images: np.ndarray) -> tuple[np.ndarray, ...]:
        outputs = signature(images=tf.constant(images, tf.float32))
        return tuple(outputs[name].numpy() for name in names)

    return call
