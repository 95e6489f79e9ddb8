"""A submission to the NeurIPS 2019 Disentanglement Challenge on AIcrowd, and to ones like it.

The grader, and the starter kit's local evaluation, read

    $AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME/representation/
        pytorch_model.pt     TorchScript: NCHW images -> [batch, latents]
        results/             what the stages before have left

https://github.com/AIcrowd/neurips2019_disentanglement_challenge_starter_kit
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tfdis.errors import UserError
from tfdis.export.parts import part
from tfdis.export.torchscript import export_torchscript
from tfdis.models.trained import load
from tfdis.outputs import stage_output
from tfdis.results import update_result_directory, write_json, written_aside

CHALLENGE = "aicrowd-neurips-2019-disentanglement-challenge"

# The starter kit's defaults of the variables.
_DEFAULTS = {
    "AICROWD_OUTPUT_PATH": "./scratch/shared",
    "AICROWD_EVALUATION_NAME": "experiment_name",
    "AICROWD_DATASET_NAME": "cars3d",
}

_RUN_SH = """#!/bin/bash
# The grader starts this file.
cd "$(dirname "$0")" || exit
if [ -x bin/tfdis-aicrowd ]; then
    exec bin/tfdis-aicrowd train
fi
if ! command -v tfdis-aicrowd >/dev/null; then
    echo "run.sh: there is no tfdis-aicrowd, in bin/ or installed: install tfdis." >&2
    exit 2
fi
exec tfdis-aicrowd train
"""


@dataclasses.dataclass(frozen=True)
class Submission:
    """The grader's directories and settings.

    Attributes:
        output_path: folder of all evaluations.
        evaluation_name: folder of this one inside it.
        dataset_name: the data set to train on.
        is_grading: whether this runs on the grader.
    """

    output_path: Path
    evaluation_name: str
    dataset_name: str
    is_grading: bool

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "Submission":
        """Reads the grader's variables; off the grader, those not set are the starter kit's.

        Raises:
            UserError: on the grader, one is not set.
        """
        is_grading = "AICROWD_IS_GRADING" in environment
        needed = [*_DEFAULTS, "DISENTANGLEMENT_LIB_DATA"]
        missing = [name for name in needed if not environment.get(name)]
        if is_grading and missing:
            raise UserError(
                f"AICROWD_IS_GRADING is set without {', '.join(missing)}: the grader sets "
                f"{', '.join(needed)}; off the grader, unset AICROWD_IS_GRADING."
            )
        output_path, evaluation_name, dataset_name = (
            environment.get(name) or default for name, default in _DEFAULTS.items()
        )
        return cls(Path(output_path), evaluation_name, dataset_name, is_grading)

    @property
    def experiment_dir(self) -> Path:
        """The folder of this evaluation."""
        return self.output_path / self.evaluation_name

    @property
    def model_dir(self) -> Path:
        """The directory of the training."""
        return self.experiment_dir / "model"

    @property
    def representation_dir(self) -> Path:
        """The directory that the grader reads."""
        return self.experiment_dir / "representation"


def export_aicrowd(
    model_dir: str | os.PathLike, submission: Submission, overwrite: bool = False
) -> tuple[Path, float]:
    """Writes the folder that the grader reads.

    Args:
        model_dir: a directory of training.
        submission: says where.
        overwrite: replace an existing folder.

    Returns:
        The TorchScript file, and its largest difference from Keras.

    Raises:
        UserError: PyTorch is missing, or the file gives other numbers than Keras.
    """
    representation = part(load(model_dir).model, "representation", "NCHW")
    if representation.inputs != ("images",):
        raise UserError(
            "The grader has images alone, but this encoder wants labels too: submit a model "
            "without a tiler."
        )
    output_dir = submission.representation_dir
    with stage_output("aicrowd", output_dir, overwrite, [model_dir]) as folder:
        path = folder / "pytorch_model.pt"
        difference = export_torchscript({path: representation})[path]
        update_result_directory(
            folder / "results",
            "export",
            {"largest_difference": difference},
            Path(model_dir, "results"),
        )
    return output_dir / path.name, difference


def write_submission_files(
    folder: str | os.PathLike,
    authors: Sequence[str],
    description: str,
    license_name: str = "Apache-2.0",
    gpu: bool = True,
    overwrite: bool = False,
) -> list[Path]:
    """Writes aicrowd.json and run.sh, which the grader wants at the root of a repository.

    Args:
        folder: the root.
        authors: names of AIcrowd users.
        description: of the submission.
        license_name: of the code.
        gpu: whether to ask for a GPU.
        overwrite: replace existing files.

    Returns:
        The two files.

    Raises:
        UserError: one of them exists, or there is no author.
    """
    if not all(authors) or not authors:
        raise UserError("A submission needs an author: name your AIcrowd user.")
    paths = [Path(folder, name) for name in ("aicrowd.json", "run.sh")]
    for path in paths:
        if path.exists() and not overwrite:
            raise UserError(f"{path} already exists: pass --overwrite to replace it.")
    about = {
        "challenge_id": CHALLENGE,
        "grader_id": CHALLENGE,
        "authors": list(authors),
        "description": description,
        "license": license_name,
        "gpu": gpu,
    }
    write_json(paths[0], about)
    with written_aside(paths[1]) as partial:
        partial.write_text(_RUN_SH)
        partial.chmod(0o755)
    return paths
