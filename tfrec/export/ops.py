"""Which op libraries a saved model needs, read from its graphs, not believed."""

import pathlib
from collections import defaultdict

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.protobuf import saved_model_pb2

from tfrec.errors import ArtefactError

ON_STOCK_SERVERS = {"core", "tensorflow_text"}
# Run by the Python interpreter that traced them; no server has one.
_PYTHON_OPS = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
# Of tensorflow_text, from before its ops were called `TFText>…`.
_TEXT_OPS = frozenset(
    {
        "CaseFoldUTF8",
        "ConstrainedSequence",
        "FastBertNormalize",
        "FastWordpieceTokenizeWithOffsets",
        "FindSourceOffsets",
        "MaxSpanningTree",
        "NormalizeUTF8",
        "NormalizeUTF8WithOffsetsMap",
        "PhraseTokenize",
        "RegexSplitWithOffsets",
        "RougeL",
        "SentenceFragments",
        "SentenceFragmentsV2",
        "SentencepieceDetokenizeOp",
        "SentencepieceIdToStringOp",
        "SentencepieceOp",
        "SentencepieceStringToIdOp",
        "SentencepieceTokenizeOp",
        "SentencepieceTokenizeWithOffsetsOp",
        "SentencepieceVocabSizeOp",
        "SplitMergeTokenizeWithOffsets",
        "TokenizerFromLogits",
        "UnicodeScriptTokenizeWithOffsets",
        "WhitespaceTokenizeWithOffsets",
        "WordpieceTokenizeWithOffsets",
    }
)


def library_of(op):
    """Which library brings an op, whatever this process has loaded.

    Args:
        op: str, its registered name.

    Returns:
        `"core"` (TensorFlow's public ops), `"tensorflow_text"`, `"scann"`,
        `"python"` (needs an interpreter) or `"unknown"`.

    Example:
        >>> library_of("MatMul"), library_of("TFText>NgramsStringJoin")
        ('core', 'tensorflow_text')
    """
    if op.startswith("Scann>"):
        return "scann"
    if op.startswith("TFText>") or op in _TEXT_OPS:
        return "tensorflow_text"
    if op in _PYTHON_OPS:
        return "python"
    return "core" if hasattr(tf.raw_ops, op) else "unknown"  # fixed in the wheel


def read_saved_model(version_folder):
    """The `SavedModel` proto of a version folder.

    Raises:
        ArtefactError: it is missing or cannot be parsed.
    """
    path = pathlib.Path(version_folder) / "saved_model.pb"
    try:
        return saved_model_pb2.SavedModel.FromString(path.read_bytes())
    except (OSError, DecodeError) as error:
        raise ArtefactError(
            f"{path} cannot be read: {error}. Copy the version again."
        ) from error


def required_libraries(version_folder):
    """The ops of all graphs and functions of a saved model, by library.

    Args:
        version_folder: folder that holds `saved_model.pb`.

    Returns:
        Dict of library, as `library_of` names them, to its sorted op names.

    Raises:
        ArtefactError: `saved_model.pb` is missing or cannot be parsed.
    """
    libraries = defaultdict(list)
    for op in sorted(_op_names(read_saved_model(version_folder))):
        libraries[library_of(op)].append(op)
    return dict(libraries)


def check_ops(version_folder, libraries=()):
    """Refuses a saved model whose ops its servers lack.

    Args:
        version_folder: folder that holds `saved_model.pb`.
        libraries: names of the op libraries that they have beside those of a stock
            TensorFlow Serving, TensorFlow's own and tensorflow_text.

    Returns:
        Dict for the manifest: `core`, how many different ops of TensorFlow's own
        there are, and `required_libraries`, the sorted names of the others.

    Raises:
        ArtefactError: an op is not allowed, or the file cannot be read.
    """
    found, allowed = required_libraries(version_folder), ON_STOCK_SERVERS | {*libraries}
    foreign = sorted(found.keys() - allowed)
    if foreign:
        named = "; ".join(f"{name}: {', '.join(found[name])}" for name in foreign)
        raise ArtefactError(
            f"{version_folder} must hold only ops of {', '.join(sorted(allowed))}, "
            f"because the servers of its index have no others. Received: {named}."
        )
    return {
        "core": len(found.get("core", ())),
        "required_libraries": sorted(found.keys() - {"core"}),
    }


def _op_names(saved_model):
    for graph in saved_model.meta_graphs:
        library = graph.graph_def.library.function
        functions = {function.signature.name for function in library}
        bodies = [graph.graph_def.node, *(function.node_def for function in library)]
        names = {node.op for body in bodies for node in body}
        yield from names - functions  # old graphs call functions as if ops
