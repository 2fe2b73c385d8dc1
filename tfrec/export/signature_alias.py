"""Two names of one signature in a saved model, instead of the same graph twice."""

import pathlib

from tensorflow.python.saved_model.pywrap_saved_model import fingerprinting

from tfrec.export.ops import read_saved_model


def share_signature(version_folder, name, other):
    """Has a signature use the inputs and outputs of another one that computes the same.

    Each signature is saved as a graph of its own, which servers optimise at its first
    request, even if two are of one function.

    Args:
        version_folder: folder of the saved model.
        name: of the signature to change, such as `"serving_default"`.
        other: of the one that it is the same as.
    """
    saved_model, folder = read_saved_model(version_folder), pathlib.Path(version_folder)
    for graph in saved_model.meta_graphs:
        graph.signature_def[name].CopyFrom(graph.signature_def[other])
    (folder / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    made = fingerprinting.CreateFingerprintDef(str(folder))
    (folder / "fingerprint.pb").write_bytes(made)
