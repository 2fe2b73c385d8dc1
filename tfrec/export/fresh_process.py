"""Runs a saved model as a stranger would: TensorFlow, op libraries, nothing of ours.

A script for `tfrec.export.verification`; its arguments are the folder of `job.pickle`
and the way to run it, `session` or `loaded`.
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


def run_loaded(folder, requests):
    """Answers of `tf.saved_model.load`, which is how Python reads a saved model.

    Args:
        folder: str, of the saved model.
        requests: list of `(signature name, {input name: array})`, nothing absent.

    Returns:
        List of `{output name: array}`.
    """
    import tensorflow as tf

    loaded = tf.saved_model.load(folder)

    def run(name, inputs):
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        outputs = loaded.signatures[name](**tensors)
        return {key: value.numpy() for key, value in outputs.items()}

    return _run_each(run, requests)


def run_session(folder, requests):
    """Answers of a session, which is how TF Serving reads a saved model.

    It restores variables another way: one that is saved twice may be restored
    once, unseen by `tf.saved_model.load`. Absent inputs are left to the graph.
    """
    import tensorflow as tf

    session = tf.compat.v1.Session(graph=tf.Graph())
    graph = tf.compat.v1.saved_model.load(session, ["serve"], folder)

    def run(name, inputs):
        signature = graph.signature_def[name]
        feeds = {signature.inputs[key].name: value for key, value in inputs.items()}
        fetches = {key: info.name for key, info in signature.outputs.items()}
        return session.run(fetches, feeds)

    return _run_each(run, requests)


def _run_each(run, requests):
    answers = []
    for number, (name, inputs) in enumerate(requests, start=1):
        try:
            answers.append(run(name, inputs))
        except Exception as error:
            error.add_note(f"This was request {number}, of `{name}`.")
            raise
    return answers


WAYS = {"session": run_session, "loaded": run_loaded}


def main(folder, way):
    """Reads `job.pickle` in a folder and writes the answers as `<way>.pickle`."""
    sys.meta_path.insert(0, WithoutTfrec())
    job = pickle.loads((folder / "job.pickle").read_bytes())
    for library in job["libraries"]:
        importlib.import_module(library)
    answers = WAYS[way](job["folder"], job["requests"][way])
    if "tfrec" in sys.modules:
        raise RuntimeError("tfrec was imported.")
    (folder / f"{way}.pickle").write_bytes(pickle.dumps(answers))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
