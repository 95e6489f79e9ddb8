"""The validate stage: scores from the few labels of a training.

They serve to choose a model where only few labels are available. The labelled images are drawn as
in training: the same seed, size and labeller give the same labels (Locatello et al., 2020).
"""

import os
import time
from collections.abc import Callable, Sequence

import gin
import numpy as np

from tfdis import config, results
from tfdis.checks import Count, Seed
from tfdis.config import configurable
from tfdis.data.labellers import sample_supervised_data
from tfdis.evaluation.model_directory import ModelDirectory
from tfdis.outputs import refuse_output, stage_output
from tfdis.postprocessing.saved_model_directory import dataset_of

STAGE = "validation"


def validate_with_gin(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
) -> dict:
    """Scores a model as a gin config says; see `validate`.

    Args:
        model_dir: see `ModelDirectory`.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        gin_config_files: gin files, as `tfdis.config.find_gin_file` finds them.
        gin_bindings: read after the files.
    """
    with config.parsed(gin_config_files, gin_bindings):
        return validate(model_dir, output_dir, overwrite)


@configurable(STAGE, denylist=["model_dir", "output_dir", "overwrite"])
def validate(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    validation_fn: Callable[..., dict] = gin.REQUIRED,
    random_seed: Seed = gin.REQUIRED,
    num_labelled_samples: Count = gin.REQUIRED,
    name: str = "",
) -> dict:
    """Scores a representation on a labelled set, and leaves results/.

    Args:
        model_dir: see `ModelDirectory`.
        output_dir: directory to write.
        overwrite: replace an existing directory.
        validation_fn: `@mig_validation`, `@dci_validation`, `@sap_score_validation` or
            `@unified_score_validation`.
        random_seed: of the labelled images; `model.supervised_data_seed` of the training gives
            those that it had.
        num_labelled_samples: how many there are.
        name: of the score; only recorded.

    Returns:
        The scores.

    Raises:
        UserError: something in the directory or the config is wrong, or the codes cannot be scored.
    """
    del name
    started = time.monotonic()
    refuse_output(STAGE, output_dir, overwrite, [model_dir])
    opened = ModelDirectory(model_dir)
    labelled = sample_supervised_data(random_seed, dataset_of(opened), num_labelled_samples)
    representation = opened.representation()
    with stage_output(STAGE, output_dir, overwrite, [model_dir]) as partial:
        scores = validation_fn(labelled.images, np.transpose(labelled.labels), representation)
        numbers = {**scores, "elapsed_time": time.monotonic() - started}
        results.update_result_directory(partial / "results", STAGE, numbers, opened.results_dir)
    return numbers
