"""Runs saved models as a stranger would: TensorFlow, op libraries, nothing of ours.

A script for `tfrec.export.verification`; its argument is the folder of `job.pickle`.
"""

import gc
import importlib
import importlib.abc
import pathlib
import pickle
import runpy
import sys

LEAN = pathlib.Path(__file__).parents[1] / "lean_import.py"  # knows nothing of tfrec


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
    once, unseen by `tf.saved_model.load`. Of the graph, which holds all signatures, a
    request has no more optimised than it needs.
    """
    import tensorflow as tf

    config = tf.compat.v1.ConfigProto()
    config.graph_options.place_pruned_graph = True
    session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
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


def main(folder):
    """Reads `job.pickle` in a folder, writes answers as `<number>-<way>.pickle`."""
    sys.meta_path.insert(0, WithoutTfrec())
    gc.disable()  # for the few seconds that it takes
    lean = runpy.run_path(str(LEAN))
    with lean["lean_imports"]("keras"):
        import tensorflow as tf
    # The session optimises graphs, as servers do; once is enough.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    for number, model in enumerate(pickle.loads((folder / "job.pickle").read_bytes())):
        for library in model["libraries"]:
            _load_library(library, lean)
        for way, run in WAYS.items():
            answers = run(model["folder"], model["requests"])
            if "tfrec" in sys.modules:
                raise RuntimeError("tfrec was imported.")
            (folder / f"{number}-{way}.pickle").write_bytes(pickle.dumps(answers))
            gc.collect()  # a graph holds itself in reference cycles


def _load_library(name, lean):
    if name in lean["OPS"]:
        lean["load_ops"](name)
    else:
        importlib.import_module(name)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
