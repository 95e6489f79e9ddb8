"""A directory with a model to score: of this library, or of disentanglement_lib."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.evaluation.representations import Representation, representation_of, sampled
from tfdis.evaluation.sources import BATCH_SIZE, DataSource, Progress
from tfdis.results import read_gin

_SAVED_MODEL = "saved_model.pb"


class ModelDirectory:
    """What training or postprocessing left, or a TF-Hub 1 module that disentanglement_lib wrote.

    The signature `representation` is what is scored; where there is none, the mean of the signature
    `gaussian_encoder`.

    Args:
        model_dir: holds `tfhub/`, or is such a directory itself.

    Attributes:
        results_dir: the results of the stages before, None where there are none.

    Raises:
        UserError: there is no such directory, or it cannot be read.
    """

    def __init__(self, model_dir: str | os.PathLike):
        self.path = Path(model_dir)
        module = self.path / "tfhub"
        if not (module / _SAVED_MODEL).is_file():
            module = self.path
        if not (module / _SAVED_MODEL).is_file():
            raise UserError(
                f"{self.path} holds no model (there is no tfhub/{_SAVED_MODEL}): name a directory "
                "that training or postprocessing wrote, or a TF-Hub module."
            )
        self._signatures = load_signatures(module)
        results = next(
            (
                each / "results"
                for each in (self.path, self.path.parent)
                if (each / "results" / "gin").is_dir()
            ),
            None,
        )
        self.results_dir = results
        self._representation: Representation | None = None
        self._sources: dict[str, DataSource] = {}

    def dataset_name(self) -> str:
        """The data set that the stage before used.

        Raises:
            UserError: no stage says which.
        """
        for stage in ("postprocess", "train"):
            if (
                self.results_dir is not None
                and (self.results_dir / "gin" / f"{stage}.gin").exists()
            ):
                name = read_gin(self.results_dir, stage).get("dataset.name")
                if name is not None:
                    return name.strip("'\"")
        raise UserError(
            f"The results of {self.path} do not say which data set it was trained on: bind "
            "dataset.name to its name."
        )

    def representation(self) -> Representation:
        """What is scored.

        Raises:
            UserError: the model has none of the signatures that could be.
        """
        if self._representation is None:
            self._representation = self._make_representation()
        return self._representation

    def source(
        self, name: str, batch_size: int = BATCH_SIZE, progress: Progress | None = None
    ) -> DataSource:
        """The codes of the data set of this name; the same object every time."""
        if name not in self._sources:
            data = get_named_ground_truth_data(name)
            self._sources[name] = DataSource(data, self.representation(), batch_size, progress)
        return self._sources[name]

    def _make_representation(self) -> Representation:
        encoder = self._signatures.get("gaussian_encoder")
        if "representation" not in self._signatures:
            if encoder is None:
                raise UserError(
                    f"{self.path} has the signatures {', '.join(self._signatures)}; expected "
                    "'representation' or 'gaussian_encoder'."
                )
            return representation_of(_Encoder(encoder))
        if encoder is not None and self._is_sampled():
            return sampled(_Encoder(encoder).encode)
        return Representation(_called(self._signatures["representation"], "default"))

    def _is_sampled(self) -> bool:
        function = self._bindings("postprocess").get("postprocess.postprocess_fn")
        return function == "@sampled_representation"

    def _bindings(self, stage: str) -> dict[str, str]:
        """What a stage before was configured with; empty where there was none."""
        if self.results_dir is None or not (self.results_dir / "gin" / f"{stage}.gin").is_file():
            return {}
        return read_gin(self.results_dir, stage)


def load_signatures(path: str | os.PathLike) -> dict[str, Callable]:
    """The signatures of a SavedModel, or of a TF-Hub 1 module, by name.

    Raises:
        UserError: it is damaged.
    """
    try:
        try:
            loaded = tf.saved_model.load(str(path))
        except (ValueError, RuntimeError):
            loaded = tf.saved_model.load(str(path), tags=[])  # TF-Hub 1's graphs have no tag
    # What TensorFlow raises depends on the first wrong byte; to the user all of it means the same.
    except Exception as error:
        raise UserError(
            f"{path} is damaged or no SavedModel: {str(error).splitlines()[0][:200]}"
        ) from error
    signatures = dict(loaded.signatures)
    for signature in signatures.values():
        signature.owner = loaded  # keeps the variables alive
    return signatures


class _Encoder:
    """The signature `gaussian_encoder` as a trained model's `encode`."""

    def __init__(self, signature: Callable):
        self._mean = _called(signature, "mean")
        self._signature = signature

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = self._signature(images=tf.constant(images, tf.float32))
        return outputs["mean"].numpy(), outputs["logvar"].numpy()


def _called(signature: Callable, output: str) -> Callable[[np.ndarray], np.ndarray]:
    return lambda images: signature(images=tf.constant(images, tf.float32))[output].numpy()
