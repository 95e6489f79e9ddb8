"""Export to ONNX, through Keras' own exporter."""

import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from annotated_types import Interval

from tfdis.errors import UserError
from tfdis.export.parts import Part
from tfdis.export.verify import Inputs, batches, verify
from tfdis.extras import require
from tfdis.results import written_aside

if TYPE_CHECKING:
    import onnx

# Old enough for the converters of other frameworks, new enough for tf2onnx to need no workaround.
OPSET = 15
Opset = Annotated[int, Interval(ge=14, le=18)]  # what tf2onnx knows

# The versions that tf2onnx writes, that hold every operator below, and that ONNX Runtime reads.
OPSETS = range(9, 19)

# The operators that this library's networks become; PyTorch's converters know each of them.
OPERATORS = frozenset(
    {"Add", "Concat", "Conv", "ConvTranspose", "Exp", "LeakyRelu", "MatMul", "Mul", "Relu"}
    | {"Reshape", "Sigmoid", "Tanh", "Tile", "Transpose", "Unsqueeze"}
)


def export_onnx(
    part: Part,
    path: str | os.PathLike,
    opset: Opset = OPSET,
    metadata: Mapping[str, str] | None = None,
) -> float:
    """Writes one part as an ONNX file, after its outputs were found equal to Keras'.

    The batch dimension is free and called "batch"; inputs and outputs have the part's names.

    Args:
        part: see `tfdis.export.parts`.
        path: the file to write.
        opset: version of ONNX' operators, of `OPSETS`.
        metadata: texts to store in the file.

    Returns:
        The largest difference from Keras.

    Raises:
        UserError: a package is missing, ONNX cannot express the network, or ONNX Runtime gives
            other numbers than Keras.
    """
    require("onnx", "ONNX export")
    if opset not in OPSETS:
        raise UserError(
            f"export.opset is {opset}: expected a version from {OPSETS[0]} to {OPSETS[-1]}."
        )
    import onnx

    with written_aside(path) as partial:
        _convert(part, partial, opset)
        model = _completed(onnx.load(partial), part, {**(metadata or {}), "opset": str(opset)})
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, partial)
        return verify(part, run_onnx(partial, batches(part)), Path(path).name)


def run_onnx(path: str | os.PathLike, inputs: Sequence[Inputs]) -> list[list[np.ndarray]]:
    """Runs a file with ONNX Runtime on the CPU.

    Raises:
        UserError: the file is missing, damaged, or no ONNX file.
    """
    session = onnx_session(path)
    return [session.run(None, batch) for batch in inputs]


def onnx_session(path: str | os.PathLike) -> Any:
    """An `onnxruntime.InferenceSession` of a file, on the CPU.

    Raises:
        UserError: the file is missing, damaged, or no ONNX file.
    """
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    # ONNX Runtime's exceptions have no common base but this.
    except Exception as error:
        raise UserError(f"{path} cannot be read as an ONNX file: {_line(error)}") from error


def _convert(part: Part, path: os.PathLike, opset: int) -> None:
    part.model([np.zeros((1, *tensor.shape[1:]), np.float32) for tensor in part.model.inputs])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of NumPy's names in Keras' exporter
            part.model.export(os.fspath(path), format="onnx", opset_version=opset, verbose=False)
    except (ValueError, RuntimeError, KeyError, NotImplementedError) as error:
        raise UserError(f"The {part.name} cannot become ONNX: {_line(error)}") from error


def _completed(
    model: "onnx.ModelProto", part: Part, metadata: Mapping[str, str]
) -> "onnx.ModelProto":
    """Names that explain themselves, the shapes of everything between, and the metadata."""
    import onnx

    graph = model.graph
    graph.name = part.name
    graph.doc_string = f"{part.name}: {', '.join(part.inputs)} -> {', '.join(part.outputs)}"
    for name, value in zip([*part.inputs, *part.outputs], [*graph.input, *graph.output]):
        _rename(graph, value.name, name)
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    del graph.value_info[:]
    onnx.helper.set_model_props(model, dict(metadata))
    model.producer_name = "tfdis"
    model = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    for value in model.graph.value_info:
        dims = value.type.tensor_type.shape.dim
        if dims and not dims[0].dim_value:
            dims[0].dim_param = "batch"  # the one free dimension, lost by a reshape to [-1, ...]
    _reshape_by_constants(model.graph)
    return model


def _reshape_by_constants(graph: "onnx.GraphProto") -> None:
    """Replaces shapes that are computed from the batch's, six operators each, by [-1, ...]."""
    import onnx

    shapes = {value.name: value.type.tensor_type.shape.dim for value in graph.value_info}
    for node in graph.node:
        dims = shapes.get(node.output[0]) if node.op_type == "Reshape" else None
        if dims and dims[0].dim_param == "batch" and all(dim.dim_value for dim in dims[1:]):
            shape = np.array([-1, *(dim.dim_value for dim in dims[1:])], np.int64)
            node.input[1] = f"{node.output[0]}/shape"
            graph.initializer.append(onnx.numpy_helper.from_array(shape, node.input[1]))
    used: set[str] = {value.name for value in graph.output}
    for node in reversed(graph.node):
        if used & set(node.output):
            used |= set(node.input)
    for things, names in (
        (graph.node, lambda node: set(node.output)),
        (graph.initializer, lambda tensor: {tensor.name}),
        (graph.value_info, lambda value: {value.name}),
    ):
        kept = [thing for thing in things if used & names(thing)]
        del things[:]
        things.extend(kept)


def _rename(graph: "onnx.GraphProto", old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                if name == old:
                    names[position] = new
    for value in (*graph.input, *graph.output):
        if value.name == old:
            value.name = new


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
