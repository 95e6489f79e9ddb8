"""Checks the operations of a SavedModel before TensorFlow loads it.

A SavedModel is a program. Its graph can read and write files, open connections and call Python, in
a signature or in a function that runs while it is loaded. Models of this library and of
disentanglement_lib compute, and hold variables; any other operation is refused by name.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry

from tfdis.errors import UserError

# Of the operations with a state or a side effect, those of variables, functions and random numbers.
_STATEFUL = re.compile(
    r"VarHandleOp|ReadVariableOp|Assign(Add|Sub)?VariableOp|VarIsInitializedOp|VariableShape"
    r"|Variable|VariableV2|TemporaryVariable|ResourceGather(Nd)?|DisableCopyOnRead|Empty|DeepCopy"
    r"|StatefulPartitionedCall|If|While|Case|Assert|CheckNumerics(V2)?|IsTensorFloat32Enabled"
    r"|GuaranteeConst|TensorArray\w*|Stack(V2|Push|PushV2|Pop|PopV2|Close|CloseV2)?|CudnnRNN\w*"
    r"|Random(Uniform|UniformInt|StandardNormal|Shuffle|Gamma|Poisson|PoissonV2|Crop)"
    r"|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial|StatelessRandomGetAlg"
    r"|Stateful(StandardNormal|StandardNormalV2|Uniform|UniformInt|UniformFullInt|TruncatedNormal"
    r"|RandomBinomial)|RngSkip|RngReadAndSkip|NonDeterministicInts|_Arg|_Retval"
)
# Of the others, which TensorFlow calls stateless, those that reach files, hosts or other programs.
_REACHING = re.compile(
    r"File|Reader|Dataset|PyFunc|Proto|Debug|^Copy|CustomCall|Launch|TPU|Tpu|Kernel|Checkpoint"
    r"|Snapshot|Register"
)
# What every SavedModel has for its own variables, in a part of the graph that is not called.
_SAVING = re.compile(r"Save|SaveV2|SaveSlices|MergeV2Checkpoints|ShardedFil(ename|espec)")
_RESTORING = re.compile(r"Restore|RestoreV2|RestoreSlice")
_INITIALIZERS = ("saved_model_main_op", "legacy_init_op")


def refuse_operations(directory: str | os.PathLike) -> None:
    """Raises a UserError where a SavedModel holds operations that do more than compute.

    Args:
        directory: holds saved_model.pb.

    Raises:
        UserError: it does, or it is damaged.
    """
    path = Path(directory) / "saved_model.pb"
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise UserError(f"{directory} is damaged or not a SavedModel: {error}.") from error
    for graph in saved.meta_graphs:
        _Graph(graph).refuse(directory)


class _Graph:
    def __init__(self, meta_graph: Any):
        self._meta_graph = meta_graph
        self._nodes = {node.name: node for node in meta_graph.graph_def.node}
        self._functions = {
            function.signature.name: function for function in meta_graph.graph_def.library.function
        }

    def refuse(self, directory: str | os.PathLike) -> None:
        functions = self._functions.values()
        every = [*self._nodes.values(), *(node for each in functions for node in each.node_def)]
        called = set(self._called())
        restored = set(self._reached([self._meta_graph.saver_def.restore_op_name], []))
        for name in sorted({node.op for node in every}):
            if _is_harmless(name) or name in self._functions:
                continue
            is_saving = _SAVING.fullmatch(name) and name not in called | restored
            is_restoring = _RESTORING.fullmatch(name) and name not in called
            if not is_saving and not is_restoring:
                raise UserError(
                    f"{directory} holds the operation {name}, which does more than compute with "
                    "numbers (files, hosts, Python): such a model is not loaded."
                )

    def _called(self) -> Iterator[str]:
        """The operations that run when the model is loaded or a signature is called."""
        outputs = [
            tensor.name
            for signature in self._meta_graph.signature_def.values()
            for tensor in signature.outputs.values()
        ]
        outputs += [
            value
            for name in _INITIALIZERS
            if name in self._meta_graph.collection_def
            for value in self._meta_graph.collection_def[name].node_list.value
        ]
        return self._reached(outputs, self._meta_graph.object_graph_def.concrete_functions)

    def _reached(self, names: Iterable[str], functions: Iterable[str]) -> Iterator[str]:
        """The operations that some nodes and functions need, in every function that these call."""
        waiting, seen = [*(_node(name) for name in names)], set()
        calls = list(functions)
        while waiting or calls:
            if waiting:
                name = waiting.pop()
                if name in seen or name not in self._nodes:
                    continue
                seen.add(name)
                node = self._nodes[name]
                waiting += [_node(each) for each in node.input]
                nodes = [node]
            else:
                name = calls.pop()
                if (None, name) in seen or name not in self._functions:
                    continue
                seen.add((None, name))
                nodes = self._functions[name].node_def
            for node in nodes:
                yield node.op
                calls += [node.op, *_functions_of(node)]


def _node(name: str) -> str:
    return name.lstrip("^").partition(":")[0]


def _functions_of(node: Any) -> Iterator[str]:
    for value in node.attr.values():
        if value.func.name:
            yield value.func.name
        yield from (function.name for function in value.list.func)


def _is_harmless(operation: str) -> bool:
    definition = op_def_registry.get(operation)
    if definition is None:
        return False
    if definition.is_stateful:
        return _STATEFUL.fullmatch(operation) is not None
    is_saving = _SAVING.fullmatch(operation) or _RESTORING.fullmatch(operation)
    return not is_saving and _REACHING.search(operation) is None
