"""The export stage: from a model directory to files for other frameworks."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import tfdis
from tfdis import config
from tfdis.config import configurable
from tfdis.data.named import get_named_ground_truth_data
from tfdis.errors import UserError
from tfdis.export.aicrowd import Submission, export_aicrowd
from tfdis.export.onnx import OPSET, Opset, export_onnx
from tfdis.export.parts import Part, part
from tfdis.export.savedmodel import export_savedmodel
from tfdis.export.torchscript import export_torchscript
from tfdis.extras import require
from tfdis.models.trained import TrainedModel, load
from tfdis.outputs import refuse_output, stage_output
from tfdis.results import update_result_directory

FORMATS = ("onnx", "torchscript", "savedmodel", "aicrowd")


def export_with_gin(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    gin_config_files: Sequence[str] = (),
    gin_bindings: Sequence[str] = (),
) -> dict[str, float]:
    """Exports as a gin config says; see `export`."""
    with config.parsed(gin_config_files, gin_bindings):
        return export(model_dir, output_dir, overwrite)


@configurable("export", denylist=["model_dir", "output_dir", "overwrite"])
def export(
    model_dir: str | os.PathLike,
    output_dir: str | os.PathLike,
    overwrite: bool = False,
    formats: Sequence[str] = ("onnx",),
    parts: Sequence[str] = ("encoder", "representation", "decoder"),
    layout: str = "NCHW",
    sampled: bool = False,
    opset: Opset = OPSET,
) -> dict[str, float]:
    """Exports a trained model; the outputs of each file are compared with Keras' first.

        encoder.onnx, representation.onnx, decoder.onnx, autoencoder.onnx
        pytorch_model.pt (the representation), pytorch_encoder.pt, ...
        savedmodel/      signatures of the parts' names
        results/         as every stage leaves them, with the differences

    and, for the format "aicrowd", the tree that the challenge's grader reads: see
    `tfdis.export.aicrowd`.

    Args:
        model_dir: a directory of training.
        output_dir: the directory to write.
        overwrite: replace existing output.
        formats: some of `FORMATS`.
        parts: some of `tfdis.export.parts.PARTS`.
        layout: of the images, "NCHW" or "NHWC".
        sampled: the representation is a sample, whose noise is an input, instead of the mean.
        opset: version of ONNX' operators.

    Returns:
        The largest difference from Keras by file.

    Raises:
        UserError: something is missing, or a file gives other numbers than Keras; nothing is left.
    """
    for name in formats:
        if name not in FORMATS:
            raise UserError(f"There is no format '{name}': choose among {', '.join(FORMATS)}.")
    if {"torchscript", "aicrowd"} & set(formats):
        require("torch", "TorchScript")
    if "onnx" in formats:
        require("onnx", "ONNX export")
    refuse_output("export", output_dir, overwrite, [model_dir])
    trained = load(model_dir)
    chosen = [part(trained.model, name, layout, sampled) for name in parts]
    differences = {}
    with stage_output("export", output_dir, overwrite, [model_dir]) as folder:
        if "onnx" in formats:
            for each in chosen:
                path = folder / f"{each.name}.onnx"
                differences[path.name] = export_onnx(each, path, opset, metadata(trained, each))
        if "torchscript" in formats:
            found = export_torchscript({folder / _torch_name(each): each for each in chosen})
            differences |= {path.name: difference for path, difference in found.items()}
        if "savedmodel" in formats:
            found = export_savedmodel(chosen, folder / "savedmodel")
            differences |= {f"savedmodel/{name}": value for name, value in found.items()}
        if "aicrowd" in formats:
            path, difference = export_aicrowd(model_dir, Submission.of_environment(), overwrite)
            differences[str(path)] = difference
        numbers = {"largest_difference": differences, "formats": list(formats), "layout": layout}
        update_result_directory(
            folder / "results", "export", {**numbers, "opset": opset}, Path(model_dir, "results")
        )
    return differences


def metadata(trained: TrainedModel, exported: Part) -> dict[str, str]:
    """The metadata of an ONNX file."""
    return {
        "tfdis_version": tfdis.__version__,
        "part": exported.name,
        "image_layout": exported.layout,
        "image_values": "float32 in [0, 1]",
        "factors": json.dumps(_factors(trained)),
        "gin": "\n".join(f"{name} = {value}" for name, value in trained.gin.items()),
    }


def _torch_name(exported: Part) -> str:
    # The representation's name is the one that the challenge's grader looks for.
    is_representation = exported.name == "representation"
    return "pytorch_model.pt" if is_representation else f"pytorch_{exported.name}.pt"


def _factors(trained: TrainedModel) -> dict[str, int]:
    """The number of values of each factor by name; empty where the data is not at hand."""
    name = trained.gin.get("dataset.name", "").strip("'\"")
    try:
        data = get_named_ground_truth_data(name)
    except (UserError, RuntimeError):  # gin's, where the data's path was bound for the training
        return {}
    return dict(zip(data.factor_names, map(int, data.factors_num_values), strict=True))
