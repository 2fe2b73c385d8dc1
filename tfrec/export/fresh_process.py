"""Runs a saved model as a stranger would: TensorFlow, op libraries, nothing of ours.

A script for `tfrec.export.proof`; its one argument is the folder of `job.pickle`.
"""

import importlib
import importlib.abc
import pathlib
import pickle
import sys


class WithoutTfrec(importlib.abc.MetaPathFinder):
    """Import hook that hides tfrec, which may well be installed here."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] == "tfrec":
            raise ModuleNotFoundError("A saved model must not need tfrec.")


def answer(folder, libraries, requests):
    """Answers requests from a saved model.

    Args:
        folder: str, of the saved model.
        libraries: packages whose ops it needs.
        requests: list of `(signature name, {input name: array})`, nothing absent.

    Returns:
        List of `{output name: array}`.
    """
    import tensorflow as tf

    for library in libraries:
        importlib.import_module(library)
    loaded = tf.saved_model.load(folder)
    answers = []
    for number, (name, inputs) in enumerate(requests, start=1):
        try:
            tensors = {key: tf.constant(value) for key, value in inputs.items()}
            outputs = loaded.signatures[name](**tensors)
        except Exception as error:
            error.add_note(f"This was request {number}, of `{name}`.")
            raise
        answers.append({key: value.numpy() for key, value in outputs.items()})
    return answers


def main(folder):
    """Reads `job.pickle` in a folder and writes `answers.pickle` there."""
    sys.meta_path.insert(0, WithoutTfrec())
    job = pickle.loads((folder / "job.pickle").read_bytes())
    answers = answer(**job)
    if "tfrec" in sys.modules:
        raise RuntimeError("tfrec was imported.")
    (folder / "answers.pickle").write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
