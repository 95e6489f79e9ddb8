"""The ranking stage: scores of several models, from each other and without factors."""

import contextlib
import os
import time
from collections.abc import Sequence
from typing import Any

import gin
import numpy as np
import tensorflow as tf

from tfdis import config, results
from tfdis.distributions.choice import refuse_other_than_gaussian
from tfdis.errors import UserError
from tfdis.evaluation.settings import note_call
from tfdis.evaluation.udr import PosteriorFunction, mean_and_kl, udr_sklearn
from tfdis.outputs import refuse_output, stage_output
from tfdis.postprocessing.saved_model_directory import SavedModelDirectory, dataset_of


def rank_with_gin(
    model_dirs: Sequence[str | os.PathLike],
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = ("ranking/udr_lasso.gin",),
    gin_bindings: Sequence[str] = (),
) -> dict[str, Any]:
    """Ranks models as a gin config says; see `rank`.

    Args:
        model_dirs: two or more directories that training wrote, or disentanglement_lib.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
    """
    with config.parsed(gin_config_files, gin_bindings):
        return rank(model_dirs, output_dir, overwrite)


def rank(
    model_dirs: Sequence[str | os.PathLike], output_dir: str | os.PathLike, overwrite: bool = False
) -> dict[str, Any]:
    """Scores each model by `udr_sklearn` on the data set `dataset.name`.

    The models should differ by seed alone. `dataset.name = "auto"` takes the first model's data
    set, `evaluation.random_seed` decides the images. Leaves results/, with those of the first
    model's training, as disentanglement_lib does.

    Args:
        model_dirs: see `rank_with_gin`.
        output_dir: directory to write.
        overwrite: replace an existing directory.

    Returns:
        see `udr_sklearn`; and model_dirs, in the order of the scores.

    Raises:
        UserError: something in a directory or the config is wrong, or the models do not fit.
    """
    refuse_output("ranking", output_dir, overwrite, model_dirs)
    if len(model_dirs) < 2:
        raise UserError("Models are ranked against each other: name two directories or more.")
    started = time.monotonic()
    opened = [SavedModelDirectory(model_dir) for model_dir in model_dirs]
    data = dataset_of(opened[0])
    random_state = np.random.RandomState(_random_seed())
    scores = udr_sklearn(data, [_posterior(each) for each in opened], random_state)
    scores["model_dirs"] = [str(each.path) for each in opened]
    with stage_output("ranking", output_dir, overwrite, model_dirs) as partial:
        results.update_result_directory(
            partial / "results",
            "evaluation",
            {**scores, "elapsed_time": time.monotonic() - started},
            opened[0].results_dir,
        )
    return scores


def _posterior(opened: SavedModelDirectory) -> PosteriorFunction:
    refuse_other_than_gaussian(opened.bindings("train"), "udr_sklearn")
    signature = opened.signature("gaussian_encoder")

    def encode(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        outputs = signature(images=tf.constant(images, tf.float32))
        return outputs["mean"].numpy(), outputs["logvar"].numpy()

    return mean_and_kl(encode)


def _random_seed() -> int:
    """`evaluation.random_seed`; notes that this stage is what `evaluation` is about."""
    bound = {}
    for name in ("evaluation_fn", "random_seed", "name"):
        with contextlib.suppress(ValueError):
            bound[name] = gin.query_parameter(f"evaluation.{name}")
    note_call("tfdis.evaluation", **bound)
    return bound.get("random_seed", 0)
