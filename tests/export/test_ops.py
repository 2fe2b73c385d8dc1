"""Tests of tfrec.export.ops."""

import json
import subprocess
import sys

import pytest
import tensorflow as tf

from tfrec.compat import load_op_library
from tfrec.errors import ArtefactError, MissingPackageError
from tfrec.export.ops import check_ops, library_of, required_libraries
from tfrec.lean_import import OPS

REGISTRY = """
import importlib, json, sys
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as c
for library in sys.argv[1:]:
    importlib.import_module(library)
    ops = op_def_pb2.OpList.FromString(c.TF_GetBuffer(c.TF_GetAllOpList())).op
    print(json.dumps([op.name for op in ops]))
"""


def loads(library):
    try:
        load_op_library(library)
    except MissingPackageError:
        return False
    return True


@pytest.fixture(scope="module")
def registered():
    """Names of ops that each library adds to a fresh process, in order of import."""
    libraries = ["tensorflow", *filter(loads, OPS)]
    done = subprocess.run(
        [sys.executable, "-c", REGISTRY, *libraries],
        check=True,
        capture_output=True,
        text=True,
    )
    known, added = set(), {}
    for library, line in zip(libraries, done.stdout.splitlines(), strict=True):
        added[library] = set(json.loads(line)) - known
        known |= added[library]
    return added


@pytest.mark.parametrize("library", ["tensorflow_text", "scann"])
def test_a_library_has_the_ops_it_adds_to_a_fresh_process(registered, library):
    if library not in registered:
        pytest.skip(f"{library} does not load here.")
    assert len(registered[library]) >= 5
    assert {library_of(op) for op in registered[library]} == {library}


def test_public_ops_are_core_whatever_is_loaded_here(registered):
    core = registered["tensorflow"]
    libraries = {op: library_of(op) for op in core if hasattr(tf.raw_ops, op)}
    strangers = {op for op, library in libraries.items() if library != "core"}
    assert strangers == {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
    assert len(libraries) > 1000


def test_a_toy_needs_core_alone(toy):
    assert set(required_libraries(toy)) == {"core"}
    assert {"MatMul", "TopKV2"} <= set(required_libraries(toy)["core"])
    ops = check_ops(toy)
    assert ops["required_libraries"] == []
    assert 20 < ops["core"] < 100


def add_to_function(op):
    return lambda graph: graph.library.function[0].node_def.add(name="new", op=op)


def test_ops_in_functions_count(edit):
    folder = edit(add_to_function("Scann>ScannSearch"))
    assert check_ops(folder, {"scann"})["required_libraries"] == ["scann"]
    words = "must hold only ops of core, tensorflow_text, .* scann: Scann>ScannSearch"
    with pytest.raises(ArtefactError, match=words):
        check_ops(folder)


def test_text_ops_are_on_stock_servers(edit):
    folder = edit(add_to_function("FastBertNormalize"))
    assert check_ops(folder)["required_libraries"] == ["tensorflow_text"]


@pytest.mark.parametrize(
    ("op", "library"), [("EagerPyFunc", "python"), ("Zebra>Run", "unknown")]
)
def test_no_server_has_these(edit, op, library):
    folder = edit(lambda graph: graph.node.add(name="new", op=op))
    with pytest.raises(ArtefactError, match=f"Received: {library}: {op}"):
        check_ops(folder, {"scann"})


def test_functions_called_like_ops_are_none(edit):
    def call(graph):
        graph.node.add(name="new", op=graph.library.function[0].signature.name)

    assert set(required_libraries(edit(call))) == {"core"}


def test_broken_files_are_named(copy):
    (copy / "saved_model.pb").write_bytes(b"\xff")
    with pytest.raises(ArtefactError, match="saved_model.pb cannot be read"):
        required_libraries(copy)
    (copy / "saved_model.pb").unlink()
    with pytest.raises(ArtefactError, match="saved_model.pb cannot be read"):
        check_ops(copy)
