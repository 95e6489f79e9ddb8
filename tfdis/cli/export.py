"""tfdis-export: writes a trained model for other frameworks."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tfdis.checks import Count
from tfdis.cli.arguments import add_gin, of
from tfdis.cli.command import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="tfdis-export",
        description="Writes a trained model as ONNX, TorchScript, SavedModel, or as a submission "
        "to AIcrowd. Every file is run and compared with Keras; where they differ, it is deleted.",
        epilog="example: tfdis-export --model_dir=models/beta_tcvae --format=onnx,torchscript",
    )
    parser.add_argument(
        "--model_dir", required=True, metavar="DIR", help="a directory of tfdis-train"
    )
    parser.add_argument(
        "--format",
        default="onnx",
        metavar="FORMAT[,FORMAT]",
        help="onnx, torchscript, savedmodel, aicrowd (default: onnx); aicrowd writes to "
        "$AICROWD_OUTPUT_PATH/$AICROWD_EVALUATION_NAME/representation",
    )
    parser.add_argument(
        "--part",
        default="encoder,representation,decoder",
        metavar="PART[,PART]",
        help="encoder (mean and log_variance), representation (the mean, or a sample), decoder "
        "(images in [0, 1]), autoencoder (default: the first three)",
    )
    parser.add_argument(
        "--layout", default="NCHW", help="of the images: NCHW, as PyTorch's (default), or NHWC"
    )
    parser.add_argument(
        "--sampled",
        action="store_true",
        help="the representation is a sample whose noise is a second input, not the mean",
    )
    parser.add_argument("--opset", type=of(Count), help="version of ONNX' operators (default: 15)")
    parser.add_argument(
        "--output_dir", metavar="DIR", help="where to write (default: export/ in the model_dir)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace existing output")
    add_gin(parser, "sets export.*")
    return run_command(parser, _export, argv)


def _export(arguments: argparse.Namespace) -> None:
    from tfdis.export.stage import export_with_gin

    bindings = [
        f"export.formats = {arguments.format.split(',')}",
        f"export.parts = {arguments.part.split(',')}",
        f"export.layout = {arguments.layout!r}",
        f"export.sampled = {arguments.sampled}",
        *([f"export.opset = {arguments.opset}"] if arguments.opset is not None else []),
        *arguments.gin_bindings,
    ]
    output_dir = Path(arguments.output_dir or Path(arguments.model_dir) / "export")
    differences = export_with_gin(
        arguments.model_dir, output_dir, arguments.overwrite, arguments.gin_file, bindings
    )
    print(f"Written to {output_dir}; the largest difference from Keras:")
    for name, difference in differences.items():
        print(f"  {name:<40}{difference:.1e}")


if __name__ == "__main__":
    sys.exit(main())
