"""Functions of tensors as a TF-Hub 1 module, which TensorFlow 1.15 reads as TensorFlow 2 does.

disentanglement_lib 1.5 reads models by `hub.Module`: one graph without a tag, in which the
signatures are plain operations (TensorFlow 1 can neither call a function that was saved by
TensorFlow 2 nor read its checkpoint), beside a file that says so.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

v1 = tf.compat.v1

# A serialized `tensorflow_hub.ModuleDef` whose `format` (field 1) is FORMAT_V3 (3).
_MODULE_DEF = bytes([0x08, 0x03])


_SAVED_MODEL = "saved_model.pb"


def module_in(directory: str | os.PathLike) -> Path | None:
    """The TF-Hub module of a training's or a representation's directory, or that is one itself."""
    for path in (Path(directory, "tfhub"), Path(directory)):
        if (path / _SAVED_MODEL).is_file():
            return path
    return None


def write_hub_module(path: str | os.PathLike, signatures: Mapping[str, Callable]) -> None:
    """Writes `saved_model.pb`, `variables/` and `tfhub_module.pb`.

    Signatures that read the same variable share it.

    Args:
        path: the directory; it must not hold a SavedModel.
        signatures: by name, what `tf.function(input_signature=...)` made, or a signature of a
            SavedModel that was loaded; of tensors, to a dictionary of tensors.

    Raises:
        OSError: it cannot be written; TensorFlow's own errors, see `tfdis.disk.os_errors`.
    """
    plain = {name: _Plain(function) for name, function in signatures.items()}
    values: dict[int, np.ndarray] = {}
    for each in plain.values():
        values.update(each.values)
    with tf.Graph().as_default(), v1.Session() as session:
        variables = {key: _variable(value) for key, value in values.items()}
        # At once, and before the graph has grown: a session reads all that was added at every run.
        given = {key: v1.placeholder(each.dtype, each.shape) for key, each in variables.items()}
        session.run(
            [v1.assign(variable, given[key]) for key, variable in variables.items()],
            {given[key]: value for key, value in values.items()},
        )
        definitions = {name: each.imported(name, variables) for name, each in plain.items()}
        builder = v1.saved_model.Builder(os.fspath(path))
        builder.add_meta_graph_and_variables(
            session,
            tags=[],
            signature_def_map=definitions,
            strip_default_attrs=True,  # TensorFlow 1.15 knows fewer attributes
        )
        builder.save()
    _remove_what_is_newer(Path(path, "saved_model.pb"))
    Path(path, "tfhub_module.pb").write_bytes(_MODULE_DEF)


class _Plain:
    """A function without functions inside it, and with constants in place of variables.

    Args:
        function: see `write_hub_module`.

    Attributes:
        values: what the variables hold, by the identity of their handles.
    """

    def __init__(self, function: Callable):
        if hasattr(function, "get_concrete_function"):
            function = function.get_concrete_function()
        else:  # in a graph of its own: one of TensorFlow 1 has collections that cannot be copied
            function = _called(function)
        handles = {
            placeholder.op.name: id(handle)
            for handle, placeholder in function.graph.captures
            if handle.dtype == tf.resource
        }
        self._function = function  # which keeps the handles, and so their identity
        self._frozen = convert_variables_to_constants_v2(function)
        self._graph_def = self._frozen.graph.as_graph_def()
        constants = {
            node.name: tf.make_ndarray(node.attr["value"].tensor)
            for node in self._graph_def.node
            if node.op == "Const" and node.name in handles
        }
        self._handles = {name: handles[name] for name in constants}
        self.values = {handles[name]: value for name, value in constants.items()}

    def imported(self, name: str, variables: Mapping[int, tf.Variable]) -> SignatureDef:
        """Puts the operations into the graph, below `name`; returns what the signature is."""
        given = {f"{node}:0": variables[key].value() for node, key in self._handles.items()
                 if key in variables}  # fmt: skip
        inputs = {}
        for tensor in self._frozen.inputs:
            key = tensor.op.name
            inputs[key] = given[tensor.name] = v1.placeholder(
                tensor.dtype, tensor.shape, f"{name}_{key}"
            )
        names = [tensor.name for tensor in self._frozen.outputs]
        outputs = tf.import_graph_def(self._graph_def, given, names, name=name)
        # As TensorFlow flattens a dictionary.
        keys = sorted(self._function.structured_outputs)
        definition = SignatureDef(method_name=v1.saved_model.PREDICT_METHOD_NAME)
        for key, tensor in inputs.items():
            definition.inputs[key].CopyFrom(_info(tensor))
        for key, tensor in zip(keys, outputs, strict=True):
            definition.outputs[key].CopyFrom(_info(tensor))
        return definition


def _called(signature: Callable) -> Callable:
    """A signature of a SavedModel as a function of our own."""

    @tf.function
    def function(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return signature(**inputs)

    return function.get_concrete_function(**signature.structured_input_signature[1])


def _info(tensor: tf.Tensor) -> TensorInfo:
    return TensorInfo(
        name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto()
    )


def _variable(value: np.ndarray) -> tf.Variable:
    return v1.Variable(
        lambda: tf.zeros(value.shape, value.dtype), dtype=value.dtype, use_resource=True
    )


def _remove_what_is_newer(path: Path) -> None:
    """Removes what TensorFlow 1.15 does not know and what does not change any number.

    Those are attributes of a variable, of a name and a check, and an operation of the saver, which
    saves memory.
    """
    saved = SavedModel.FromString(path.read_bytes())
    for meta_graph in saved.meta_graphs:
        graph = meta_graph.graph_def
        gone = {f"^{node.name}" for node in graph.node if node.op == "DisableCopyOnRead"}
        kept = [node for node in graph.node if f"^{node.name}" not in gone]
        del graph.node[:]
        for node in kept:
            inputs = [name for name in node.input if name not in gone]
            node.input[:] = inputs
            for name in ("debug_name", "validate_shape"):
                node.attr.pop(name, None)
        graph.node.extend(kept)
        operations = meta_graph.meta_info_def.stripped_op_list.op
        others = [each for each in operations if each.name != "DisableCopyOnRead"]
        del operations[:]
        operations.extend(others)
    path.write_bytes(saved.SerializeToString())
