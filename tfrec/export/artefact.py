"""A saved model's files, read without running it."""

import json
import pathlib
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import fingerprint_pb2
from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

from tfrec.compat import load_op_library
from tfrec.errors import ArtefactError, MissingPackageError
from tfrec.export.copies import check_no_pointers, check_variables
from tfrec.export.ops import library_of, read_saved_model
from tfrec.export.version_folders import version_folder
from tfrec.lean_import import OPS
from tfrec.protocol.signature import Signature, read_signatures


@dataclass(frozen=True)
class Artefact:
    """One version of a saved model.

    Attributes:
        folder: where it is.
        signatures: name to `Signature`.
        signature_defs: name to the proto as saved.
        ops: name of every op in its graphs, to how often it stands there.
        manifest: `assets.extra/manifest.json`, or `{}`.
    """

    folder: pathlib.Path
    signatures: dict[str, Signature]
    signature_defs: dict[str, object]
    ops: dict[str, int]
    manifest: dict


def read_artefact(folder) -> Artefact:
    """Reads signatures, ops and manifest of a model or version folder.

    Raises:
        ArtefactError: a file is missing, cut short, a pointer of Git LFS in its place,
            or cannot be parsed.
    """
    folder = version_folder(folder)
    check_no_pointers(folder)
    graph = read_graph(folder)
    if graph.HasField("object_graph_def"):  # saved by TensorFlow 2, with its variables
        check_variables(folder)
    return Artefact(
        folder=folder,
        signatures=read_signatures(graph.signature_def),
        signature_defs=dict(graph.signature_def),
        ops=_count_ops(graph.graph_def),
        manifest=_read_manifest(folder / "assets.extra" / "manifest.json"),
    )


def required_libraries(artefact: Artefact) -> list[str]:
    """Op libraries beyond TensorFlow's own, by the graph and by the manifest.

    Raises:
        ArtefactError: an op belongs to no library we know.
    """
    unknown = {op for op in artefact.ops if library_of(op) in ("unknown", "python")}
    stated = set(artefact.manifest.get("ops", {}).get("required_libraries", []))
    unknown |= stated - OPS.keys()
    if unknown:
        raise ArtefactError(
            f"{artefact.folder} needs ops that neither TensorFlow {tf.__version__} nor "
            f"tensorflow_text nor scann brings: {', '.join(sorted(unknown))}."
        )
    return sorted({library_of(op) for op in artefact.ops} - {"core"} | stated)


def check_fingerprint(folder: pathlib.Path) -> None:
    """Whether `saved_model.pb` is as it was saved, by the checksum beside it.

    Variables have checksums of their own, which TensorFlow looks at; of the graph,
    which holds constants, it does not. Without a `fingerprint.pb` all is well.

    Raises:
        ArtefactError: it is not.
    """
    path = folder / "fingerprint.pb"
    if not path.is_file():
        return
    try:
        saved = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes())
        made = fingerprinting.CreateFingerprintDef(str(folder))
    except (DecodeError, fingerprinting.FingerprintException) as error:
        raise ArtefactError(f"{path} cannot be compared: {error}") from error
    now = fingerprint_pb2.FingerprintDef.FromString(made)
    if saved.saved_model_checksum != now.saved_model_checksum:
        raise ArtefactError(
            f"{folder}/saved_model.pb is not what was saved: its checksum is not that "
            "of fingerprint.pb. Copy the version again."
        )


def load_libraries(artefact: Artefact) -> None:
    """Registers the ops that the artefact needs.

    Raises:
        ArtefactError: a library is not installed here, or unknown.
    """
    for library in required_libraries(artefact):
        try:
            load_op_library(library)
        except MissingPackageError as error:
            raise ArtefactError(
                f"{artefact.folder} needs the ops of `{library}`. {error}"
            ) from error


def read_graph(folder: pathlib.Path) -> Any:
    """The `MetaGraphDef` that servers use.

    Raises:
        ArtefactError: there is none, or the file cannot be parsed.
    """
    for graph in read_saved_model(folder).meta_graphs:
        if "serve" in graph.meta_info_def.tags:
            return graph
    path = folder / "saved_model.pb"
    raise ArtefactError(
        f"{path} must hold a graph tagged `serve`. Received: {path.stat().st_size} "
        "bytes without one. Copy the version again."
    )


def _read_manifest(path):
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtefactError(f"{path} is not valid JSON: {error}.") from error


def _count_ops(graph_def):
    functions = {function.signature.name for function in graph_def.library.function}
    counts: dict[str, int] = {}
    for nodes in [graph_def.node, *(f.node_def for f in graph_def.library.function)]:
        for node in nodes:
            if node.op not in functions:  # old graphs call functions as if ops
                counts[node.op] = counts.get(node.op, 0) + 1
    return counts
