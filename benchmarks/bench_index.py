"""Speed and recall of the indexes, as ratios measured in one run.

    python -m benchmarks.bench_index --num-candidates 100000 --dim 64

Ours are measured in the loaded SavedModel, TFRS's in a concrete function, bare
ScaNN through its own Python binding at the settings that our index chose.
"""

import argparse
import statistics
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

from tfrec.compat import tfrs_scann_layer
from tfrec.index.brute_force import BruteForceIndex
from tfrec.index.filters import Filters
from tfrec.index.scann import ScannIndex

BATCHES = (1, 32, 256)
K = 10
EXCLUDED = 500  # per query


def main():
    """Prints one table; the ratios are what counts."""
    arguments = parse_arguments()
    rng = np.random.default_rng(arguments.seed)
    vectors, queries = make_vectors(rng, arguments)
    sample, queries = queries[:512], tf.constant(queries[512:])
    exact = BruteForceIndex().build(names(vectors), vectors)
    ours = ScannIndex(arguments.recall).build(names(vectors), vectors, sample)
    print(ours.report)
    true_rows, _ = exact.search_rows(queries[:256], EXCLUDED)
    others = {
        "TFRS BruteForce": tfrs_brute_force(vectors),
        "TFRS ScaNN default": tfrs_scann(vectors),
        "bare ScaNN, 1 thread": bare_scann(vectors, ours.report, parallel=False),
        "bare ScaNN, parallel": bare_scann(vectors, ours.report, parallel=True),
    }
    table = {
        "ours exact": loaded(exact),
        "ours ScaNN": loaded(ours),
        **others,
        "ours exact, 500 random excluded": excluding(loaded(exact), rng, len(vectors)),
        "ours ScaNN, 500 random excluded": excluding(loaded(ours), rng, len(vectors)),
        "ours exact, best 500 excluded": excluding_best(loaded(exact), true_rows),
        "ours ScaNN, best 500 excluded": excluding_best(loaded(ours), true_rows),
    }
    report(table, queries, true_rows[:, :K].numpy(), arguments.repeats)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-candidates", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--recall", type=float, default=0.98, help="recall@10 wanted")
    parser.add_argument("--skewed", action="store_true", help="norms that differ")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def make_vectors(rng, arguments):
    """Candidates and 1024 queries of one distribution with a decaying spectrum."""
    scale = np.arange(1, arguments.dim + 1) ** -0.5
    both = rng.normal(size=(arguments.num_candidates + 1024, arguments.dim)) * scale
    both /= np.linalg.norm(both, axis=1, keepdims=True)
    vectors, queries = both[:-1024], both[-1024:]
    if arguments.skewed:
        vectors = vectors * rng.lognormal(sigma=0.3, size=(len(vectors), 1))
    return vectors.astype("float32"), queries.astype("float32")


def names(vectors):
    return [f"item-{row}" for row in range(len(vectors))]


def loaded(index):
    """`(queries, excluded) -> rows` by the index, saved and loaded."""
    queries = tf.TensorSpec([None, None], tf.float32)
    excluded = tf.TensorSpec([None, None], tf.int32)
    module = tf.Module()
    module.index = index

    @tf.function(input_signature=[queries])
    def search(queries):
        return index.search_rows(queries, K)[0]

    @tf.function(input_signature=[queries, excluded])
    def search_others(queries, excluded):
        return index.search_rows(queries, K, Filters(excluded))[0]

    module.search, module.search_others = search, search_others
    with tempfile.TemporaryDirectory() as folder:
        options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
        tf.saved_model.save(module, folder, options=options)
        again = tf.saved_model.load(folder)
    plain = again.search.get_concrete_function()
    filtered = again.search_others.get_concrete_function()

    def run(queries, excluded=None):
        return plain(queries) if excluded is None else filtered(queries, excluded)

    run.module = again  # functions hold their variables weakly
    return run


def excluding(search, rng, num_candidates):
    rows = tf.constant(rng.integers(0, num_candidates, (256, EXCLUDED)), tf.int32)
    return lambda queries: search(queries, rows[: len(queries)])


def excluding_best(search, true_rows):
    return lambda queries: search(queries, true_rows[: len(queries)])


def tfrs_brute_force(vectors):
    brute_force = sys.modules[tfrs_scann_layer().__module__].BruteForce
    return in_function(brute_force(k=K).index(tf.constant(vectors)), vectors)


def tfrs_scann(vectors):
    return in_function(tfrs_scann_layer()(k=K).index(tf.constant(vectors)), vectors)


def in_function(layer, vectors):
    spec = tf.TensorSpec([None, vectors.shape[1]], tf.float32)
    function = tf.function(lambda queries: layer(queries)[1], input_signature=[spec])
    return function.get_concrete_function()


def bare_scann(vectors, report, parallel):
    from scann.scann_ops.py import scann_ops_pybind

    settings, level = report.settings, report.levels[0]
    builder = scann_ops_pybind.builder(vectors, K, "dot_product").tree(
        num_leaves=settings.num_leaves,
        num_leaves_to_search=level.leaves,
        training_sample_size=settings.training_sample,
    )
    threshold = settings.anisotropic_threshold or float("nan")
    searcher = (
        builder.score_ah(settings.dims_per_block, threshold, settings.training_sample)
        .reorder(level.reorder)
        .build()
    )

    def run(queries):
        queries = queries.numpy()
        if len(queries) == 1:
            return searcher.search(queries[0])[0][None]
        if parallel:
            size = max(1, len(queries) // 4)
            return searcher.search_batched_parallel(queries, batch_size=size)[0]
        return searcher.search_batched(queries)[0]

    return run


def report(table, queries, true_rows, repeats):
    medians = {
        name: [milliseconds(search, queries[:n], repeats) for n in BATCHES]
        for name, search in table.items()
    }
    base = medians["TFRS BruteForce"][-1]
    print(
        f"{'':34}{'recall@10':>10}"
        + "".join(f"{f'ms, {n}':>10}" for n in BATCHES)
        + f"{'queries/s':>11}{'x TFRS':>8}"
    )
    for name, times in medians.items():
        found = table[name](queries[: len(true_rows)])
        recall = "" if "excluded" in name else f"{recall_of(found, true_rows):.4f}"
        print(
            f"{name:34}{recall:>10}"
            + "".join(f"{ms:>10.3f}" for ms in times)
            + f"{BATCHES[-1] / times[-1] * 1000:>11.0f}{base / times[-1]:>8.2f}"
        )


def milliseconds(search, queries, repeats):
    """Median of one call, after a warm-up; small batches are repeated more."""
    search(queries)
    times = []
    for _ in range(repeats * max(1, 256 // len(queries) // 4)):
        start = time.perf_counter()
        np.asarray(search(queries))
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def recall_of(found, true_rows):
    pairs = zip(np.asarray(found), true_rows, strict=True)
    return np.mean([len(set(f) & set(t)) / K for f, t in pairs])


if __name__ == "__main__":
    main()
