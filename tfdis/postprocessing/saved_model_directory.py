"""A directory with a TF SavedModel: of this library, or of disentanglement_lib."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gin
import tensorflow as tf

from tfdis.config import missing_binding
from tfdis.data.ground_truth import GroundTruthData
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.operations import refuse_operations
from tfdis.results import read_gin
from tfdis.tf_hub import module_in


class SavedModelDirectory:
    """A directory of training or postprocessing, or a TF-Hub 1 module of disentanglement_lib.

    Args:
        model_dir: holds `tfhub/`, or is such a directory itself.

    Attributes:
        path: the directory.
        loaded: the object that TensorFlow loaded; keeps the variables alive.
        signatures: functions of named tensors, by name.
        results_dir: the results of the stages before; None where there are none.

    Raises:
        UserError: there is no such directory, or it is damaged.
    """

    def __init__(self, model_dir: str | os.PathLike):
        self.path = Path(model_dir)
        module = module_in(self.path)
        if module is None:
            raise UserError(
                f"{self.path} holds no model (there is no tfhub/saved_model.pb): name a directory "
                "that training or postprocessing wrote, or a TF-Hub module."
            )
        self.loaded = _load(module)
        self.signatures: Mapping[str, Callable] = dict(self.loaded.signatures)
        candidates = [each / "results" for each in (self.path, module.parent)]
        self.results_dir = next((each for each in candidates if (each / "gin").is_dir()), None)

    def signature(self, name: str) -> Callable:
        """The signature of this name.

        Raises:
            UserError: there is none.
        """
        if name not in self.signatures:
            raise UserError(
                f"The model in {self.path} has no signature '{name}'; it has: "
                f"{', '.join(self.signatures)}."
            )
        return self.signatures[name]

    def bindings(self, stage: str) -> dict[str, str]:
        """The configuration of an earlier stage; empty where there was none."""
        if self.results_dir is None or not (self.results_dir / "gin" / f"{stage}.gin").is_file():
            return {}
        return read_gin(self.results_dir, stage)

    def dataset_name(self) -> str:
        """The data set that the stage before used.

        Raises:
            UserError: no stage says which.
        """
        for stage in ("postprocess", "train"):
            name = self.bindings(stage).get("dataset.name")
            if name is not None:
                return name.strip("'\"")
        raise UserError(
            f"The results of {self.path} do not say which data set it was trained on: bind "
            "dataset.name to its name."
        )


def resolve_dataset(opened: SavedModelDirectory) -> str:
    """The bound `dataset.name`; "auto" is replaced, in gin's config too.

    Raises:
        UserError: it is not bound, or "auto" and the model does not say.
    """
    try:
        name = gin.query_parameter("dataset.name")
    except ValueError as error:
        raise missing_binding('bind dataset.name to a data set, or to "auto".') from error
    if name == "auto":
        name = opened.dataset_name()
        with gin.unlock_config():
            gin.bind_parameter("dataset.name", name)
    return name


def dataset_of(opened: SavedModelDirectory) -> GroundTruthData:
    """The data set that `resolve_dataset` names, once its images are of the model's shape.

    Raises:
        UserError: see `resolve_dataset`; or the model takes other images.
    """
    resolve_dataset(opened)
    data = get_named_ground_truth_data()
    for name in ("representation", "gaussian_encoder"):
        if name in opened.signatures:
            taken = opened.signatures[name].structured_input_signature[1]["images"].shape[1:]
            if not taken.is_compatible_with(data.observation_shape):
                shapes = [" x ".join(map(str, shape)) for shape in (taken, data.observation_shape)]
                raise UserError(
                    f"The model in {opened.path} takes images of {shapes[0]}, and those of "
                    f"'{data.name}' are {shapes[1]}: bind dataset.name to one of the model's shape."
                )
    return data


def _load(path: Path) -> Any:
    refuse_operations(path)
    try:
        try:
            return tf.saved_model.load(str(path))
        except (ValueError, RuntimeError):
            return tf.saved_model.load(str(path), tags=[])  # TF-Hub 1's graphs have no tag
    # TensorFlow's exception depends on the first wrong byte; all mean the same to the user.
    except Exception as error:
        raise UserError(
            f"{path} is damaged or not a SavedModel: {str(error).splitlines()[0][:200]}"
        ) from error
