"""The grader's evaluation, here: five metrics of an exported file."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import gin
import numpy as np

from tfdis import config
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.evaluation.metric import metric_named
from tfdis.export.aicrowd import Submission
from tfdis.extras import require
from tfdis.outputs import stage_output
from tfdis.results import update_result_directory
from tfdis.unused_bindings import told_together

_STUDY = "studies/unsupervised_study_v1/metric_configs"

# The grader's name -> the metric, the score that counts, and its configuration.
METRICS: dict[str, tuple[str, str, Sequence[str], Sequence[str]]] = {
    "factor_vae_metric": (
        "factor_vae_score",
        "eval_accuracy",
        [f"{_STUDY}/factor_vae_metric.gin"],
        [],
    ),
    "dci": ("dci", "disentanglement", [f"{_STUDY}/dci.gin"], []),
    "mig": ("mig", "discrete_mig", [f"{_STUDY}/mig.gin"], []),
    "sap_score": ("sap_score", "SAP_score", [f"{_STUDY}/sap_score.gin"], []),
    "irs": (
        "irs",
        "IRS",
        [],
        [
            "irs.num_train = 10000",
            "irs.batch_size = 16",
            "discretizer.discretizer_fn = @histogram_discretizer",
            "discretizer.num_bins = 20",
        ],
    ),
}


def evaluate_locally(
    submission: Submission,
    metrics: Sequence[str] = tuple(METRICS),
    gin_bindings: Sequence[str] = (),
) -> dict[str, float]:
    """Scores an exported representation as the grader does, with its random seed 0.

    Leaves `metrics/<name>/results/` beside the representation.

    Args:
        submission: says where the representation is and on which data set it is scored.
        metrics: some of `METRICS`.
        gin_bindings: read after the metrics' own, such as smaller sample sizes.

    Returns:
        The scores by the grader's names.

    Raises:
        UserError: the file is missing or is no TorchScript, or the data set is missing.
    """
    represent = representation_function(submission.representation_dir / "pytorch_model.pt")
    scores = {}
    with told_together():  # what is bound for one metric no other uses
        for name in metrics:
            function_name, score, files, bindings = METRICS[name]
            bindings = [*bindings, f"dataset.name = '{submission.dataset_name}'", *gin_bindings]
            with config.parsed(files, bindings), gin.unlock_config():
                data = get_named_ground_truth_data()
                found = metric_named(function_name)(data, represent, np.random.RandomState(0))
                scored = submission.representation_dir
                output_dir = submission.experiment_dir / "metrics" / name
                with stage_output("evaluation", output_dir, True, [scored]) as folder:
                    before = scored / "results"
                    update_result_directory(folder / "results", "evaluation", found, before)
            scores[name] = float(found[score])
    return scores


def representation_function(path: str | os.PathLike) -> Callable[[np.ndarray], np.ndarray]:
    """A TorchScript file as a function from images `[batch, height, width, channels]` to codes.

    Raises:
        UserError: PyTorch or the file is missing, or it is no TorchScript.
    """
    require("torch", "Scoring a TorchScript file")
    import torch

    if not Path(path).is_file():
        raise UserError(
            f"There is no {Path(path).absolute()}, which tfdis-aicrowd train and tfdis-export "
            "--format=aicrowd write: run one of them under the same AICROWD_OUTPUT_PATH and "
            "AICROWD_EVALUATION_NAME."
        )
    try:
        model = torch.jit.load(os.fspath(path), map_location="cpu").eval()
    except RuntimeError as error:
        raise UserError(f"{path} is damaged or not a TorchScript file.") from error

    def represent(images: np.ndarray) -> np.ndarray:
        nchw = np.ascontiguousarray(np.moveaxis(images, 3, 1), np.float32)
        with torch.no_grad():
            codes = model(torch.from_numpy(nchw)).numpy()
        if codes.ndim != 2:
            raise UserError(
                f"{path} gives codes of the shape {list(codes.shape)}: expected [batch, latents]."
            )
        return codes

    return represent


def table(scores: dict[str, float]) -> str:
    """The scores and their sum, one a line."""
    rows = [*scores.items(), ("sum", sum(scores.values()))]
    return "\n".join(f"{name:<20}{score:8.4f}" for name, score in rows)
