"""Memory of several signatures of one ScaNN index in a session of TensorFlow 1.

Claim: three signatures hold one copy of the index, and at most a tenth more. That is
how TensorFlow Serving loads a model: a signature is a subgraph of its own, and each
would build its own searcher, were it not for the shared name.

    python benchmarks/bench_copies.py --num-candidates 1000000
"""

import argparse
import multiprocessing
import pathlib
import tempfile

import numpy as np

SIGNATURES = ("first", "second", "third")
K = 10


def main():
    """Prints the memory of a fresh process after each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-candidates", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--quantize", action="store_true", help="vectors of 8 bits")
    arguments = parser.parse_args()
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        how = vars(arguments) | {"folder": folder}
        for work in (save, report):  # each in a process of its own
            process = fresh.Process(target=work, kwargs=how)
            process.start()
            process.join()
            if process.exitcode:
                raise SystemExit(process.exitcode)


def save(folder, num_candidates, dim, quantize):
    """Builds an index and saves it under all `SIGNATURES`."""
    import tensorflow as tf
    from index_vectors import make_vectors, names

    from tfrec.retrieval.scann import ScannIndex

    vectors, queries = make_vectors(np.random.default_rng(0), num_candidates, dim)
    index = ScannIndex(0.95, quantize=quantize)
    index.build(names(vectors), vectors, queries[:512])
    print(f"built in {index.report.build_seconds:.0f} s: {index.report.levels[0]}")
    spec = [tf.TensorSpec([None, dim], tf.float32, name="queries")]
    module = tf.Module()
    module.index = index
    for name in SIGNATURES:
        function = tf.function(
            lambda queries: {"rows": index.search_rows(queries, K)[0]}, spec
        )
        setattr(module, name, function)
    signatures = {name: getattr(module, name) for name in SIGNATURES}
    options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
    tf.saved_model.save(module, folder, signatures, options)


def report(folder, num_candidates, dim, **_):
    """Loads it as TensorFlow Serving does and asks every signature."""
    import tensorflow as tf

    from tfrec.compat import tfrs_scann_layer

    tfrs_scann_layer()  # loads ScaNN's ops
    queries = np.random.default_rng(1).normal(size=(32, dim)).astype("float32")
    start = resident_mb()
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        print(f"loaded: {resident_mb() - start:.0f} MB")
        used = []
        for name in SIGNATURES:
            signature = graph.signature_def[name]
            feed = {signature.inputs["queries"].name: queries}
            session.run(signature.outputs["rows"].name, feed)
            used.append(resident_mb() - start)
            print(f"{name} signature asked: {used[-1]:.0f} MB")
    vectors = num_candidates * dim * 4 / 1e6
    print(f"{used[-1] / used[0]:.3f} of one copy; the vectors are {vectors:.0f} MB")


def resident_mb():
    """Resident memory of this process in MB."""
    for line in (
        pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    ):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError("/proc/self/status does not say how much memory is in use.")


if __name__ == "__main__":
    main()
