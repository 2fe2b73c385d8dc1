"""The functions of a saved model as TensorFlow's runtime holds them.

`tf.saved_model.load` makes a graph in Python of each function, so that it can be
differentiated and saved again. These can only be called; in return they are loaded in a
fifth of the time and take half the memory.

Reference: `tensorflow/core/protobuf/saved_object_graph.proto`.
"""

import functools
import itertools
import pathlib
import weakref
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import tensorflow as tf
from tensorflow.core.protobuf import trackable_object_graph_pb2
from tensorflow.python.eager import context
from tensorflow.python.framework import op_def_registry

_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_CAPTURED = {"asset", "constant", "resource", "variable"}  # kinds that are made here
_numbers = itertools.count()


class Loaded(NamedTuple):
    """What can be called, by name."""

    signatures: dict[str, Any]
    live: dict[str, Any]


class SavedFunction:
    """A function of named tensors, called as a concrete function is.

    Attributes:
        names: of the inputs, in the order of `call_flat`.
        structured_outputs: name to `tf.TensorSpec`.
        structured_input_signature: `()`, and the same of the inputs.
        captured_inputs: tensors that `call_flat` takes after those of the inputs.
    """

    def __init__(self, saved, proto, library: "_Library", captured: list):
        self.names = list(saved.argument_keywords)
        positional, named = proto.canonicalized_input_signature.tuple_value.values
        specs = [*positional.tuple_value.values]
        specs += [value for _, value in sorted(named.dict_value.fields.items())]
        inputs = dict(zip(self.names, map(_spec, specs), strict=True))
        self.structured_input_signature = ((), inputs)
        outputs = proto.output_signature.dict_value.fields
        self.structured_outputs = {key: _spec(outputs[key]) for key in sorted(outputs)}
        self.captured_inputs = captured
        self.call_flat = library.function(saved.concrete_function_name)

    def __call__(self, **inputs):
        """Name to tensor, for an array or tensor of each input."""
        tensors = (tf.convert_to_tensor(inputs[name]) for name in self.names)
        answer = self.call_flat(*tensors, *self.captured_inputs)
        return dict(zip(self.structured_outputs, answer, strict=True))


def can_load(graph) -> bool:
    """Whether `load_functions` knows all that a `MetaGraphDef` needs.

    It knows no graph of TensorFlow 1, and nothing that Python would have to make.
    """
    objects = graph.object_graph_def
    members = {**_members(objects, "signatures"), **_members(objects, "live")}
    captured = {
        node
        for function in objects.concrete_functions.values()
        for node in function.bound_inputs
    }
    called, kinds = (
        {objects.nodes[node].WhichOneof("kind") for node in nodes}
        for nodes in (members.values(), captured)
    )
    return called == {"bare_concrete_function"} and kinds <= _CAPTURED


def load_functions(folder: pathlib.Path, graph) -> Loaded:
    """Loads the signatures of a saved model, and its functions under `live`.

    Args:
        folder: of the version.
        graph: its `MetaGraphDef`, which is changed.

    Raises:
        tf.errors.OpError: a file of variables is broken.
    """
    objects = graph.object_graph_def
    captures = _Captures(folder, graph, _Library(graph.graph_def.library.function))

    @functools.cache
    def function(node):
        saved = objects.nodes[node].bare_concrete_function
        proto = objects.concrete_functions[saved.concrete_function_name]
        return SavedFunction(saved, proto, captures.library, captures.of(proto))

    signatures = _members(objects, "signatures")
    same: dict[bytes, int] = {}
    for name in signatures:  # some are two names of one graph
        key = graph.signature_def[name].SerializeToString(deterministic=True)
        same.setdefault(key, signatures[name])
        signatures[name] = same[key]
    live = _members(objects, "live")
    return Loaded(
        {name: function(node) for name, node in signatures.items()},
        {name: function(node) for name, node in live.items()},
    )


class _Library:
    """Functions that have names of their own in the runtime, as long as this lives."""

    def __init__(self, functions: Iterable):
        self._ending = f"_saved_{next(_numbers)}"
        self._num_outputs = {
            function.signature.name: len(function.signature.output_arg)
            for function in functions
        }
        self._runtime = context.context()
        self._runtime.ensure_initialized()
        for function in functions:
            self._rename(function)
            self._runtime.add_function_def(function)
            end = self._runtime.remove_function
            weakref.finalize(self, end, function.signature.name).atexit = False

    def function(self, name: str) -> Callable[..., list]:
        """What gives the outputs of a function for its inputs."""
        number = self._num_outputs[name]
        return functools.partial(self._call, f"{name}{self._ending}".encode(), number)

    def _call(self, name, num_outputs, *tensors):
        # Not by `tf.raw_ops`: what they call stays in memory when the model is let go.
        return self._runtime.call_function(name, list(tensors), num_outputs)

    def _rename(self, function):
        """Other versions have functions, and tables, of the same names."""
        function.signature.name += self._ending
        for node in function.node_def:
            if node.op in self._num_outputs:
                node.op += self._ending
            for value in node.attr.values():
                for called in (
                    *([value.func] if value.HasField("func") else []),
                    *value.list.func,
                ):
                    called.name += self._ending
            op = op_def_registry.get(node.op)
            if op and any(attr.name == "shared_name" for attr in op.attr):
                shared = node.attr["shared_name"].s or node.name.encode()
                node.attr["shared_name"].s = shared + self._ending.encode()


class _Captures:
    """Variables, constants and tables that functions have captured, each made once."""

    def __init__(self, folder, graph, library):
        self.library = library
        self._folder = folder
        self._assets = graph.asset_file_def
        self._nodes = {node.name: node for node in graph.graph_def.node}
        self._objects = graph.object_graph_def
        self._prefix = str(folder / "variables" / "variables")
        self._keys = _checkpoint_keys(self._objects, self._prefix)
        self._made: dict[int, Any] = {}  # tensors

    def of(self, proto) -> list:
        """Tensors of what a function has captured."""
        return [self._tensor(node) for node in proto.bound_inputs]

    def _tensor(self, node):
        if node not in self._made:
            kind = self._objects.nodes[node].WhichOneof("kind")
            make = getattr(self, f"_make_{kind}")
            self._made[node] = make(node, getattr(self._objects.nodes[node], kind))
        return self._made[node]

    def _make_asset(self, _, asset):
        name = self._assets[asset.asset_file_def_index].filename
        return tf.constant(str(self._folder / "assets" / name))

    def _make_constant(self, _, constant):
        value = self._nodes[constant.operation].attr["value"].tensor
        return tf.constant(tf.make_ndarray(value))

    def _make_variable(self, node, variable):
        (value,) = tf.raw_ops.RestoreV2(
            prefix=self._prefix,
            tensor_names=[self._keys[node]],
            shape_and_slices=[""],
            dtypes=[variable.dtype],
        )
        return tf.Variable(value, trainable=False).handle

    def _make_resource(self, node, _):
        functions = {
            child.local_name: self._objects.nodes[child.node_id].function
            for child in self._objects.nodes[node].children
        }
        (create,) = functions["_create_resource"].concrete_functions
        (initialize,) = functions["_initialize"].concrete_functions
        (table,) = self.library.function(create)()
        weakref.finalize(self.library, _destroy, table).atexit = False
        self._made[node] = table  # what fills it has captured it
        proto = self._objects.concrete_functions[initialize]
        self.library.function(initialize)(*self.of(proto))
        return table


def _destroy(table):
    """Ends a table now, even if garbage is collected while a function is traced."""
    with tf.init_scope():
        tf.raw_ops.DestroyResourceOp(resource=table)


def _spec(value):
    spec = value.tensor_spec_value
    return tf.TensorSpec(tf.TensorShape(spec.shape), spec.dtype, spec.name)


def _members(objects, name) -> dict[str, int]:
    """Name to node of what the root has under a name, `{}` if it has nothing."""
    nodes = objects.nodes
    return {
        member.local_name: member.node_id
        for root in nodes[:1]
        for child in root.children
        if child.local_name == name
        for member in nodes[child.node_id].children
    }


def _checkpoint_keys(objects, prefix):
    """Node of a variable to its name among the variables saved.

    These have an object graph of their own, in which the names of attributes are the
    same and the numbers of nodes are not.
    """
    saved = tf.train.load_checkpoint(prefix).get_tensor(_OBJECT_GRAPH)
    there = trackable_object_graph_pb2.TrackableObjectGraph.FromString(saved).nodes
    keys, todo, seen = {}, [(0, 0)], set()
    while todo:
        node, twin = todo.pop()
        if node in seen:
            continue
        seen.add(node)
        for variable in there[twin].attributes:
            keys[node] = variable.checkpoint_key
        twins = {each.local_name: each.node_id for each in there[twin].children}
        todo += [
            (each.node_id, twins[each.local_name])
            for each in objects.nodes[node].children
            if each.local_name in twins
        ]
    return keys
