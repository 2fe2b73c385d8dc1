"""Speed and recall of the indexes and their peers, as ratios measured in one run.

    python benchmarks/bench_index.py --num-candidates 100000 --plot index.png

Ours are measured in the loaded SavedModel, TFRS's in a concrete function, both called
as our server calls a model. "Served" is the signature `recommend_from_interest`, which
also reads what it answers from the table that it searches. Bare ScaNN goes through its
own Python binding at the settings that our index chose, all others through their Python
packages (extra `bench`; those that are absent are left out). Everybody may use both
cores. "x CPU" compares queries per second of processors' time with TFRS's.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from typing import Any, NamedTuple

import index_peers
import numpy as np
import tensorflow as tf
from index_scann import bare_scann, rounded_scann
from index_served import served_exact
from index_vectors import NUM_SAMPLES, make_vectors, names, read_vectors

from tfrec.compat import tfrs_scann_layer
from tfrec.export.calls import Call
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.retrieval.filters import Filters
from tfrec.retrieval.scann import ScannIndex

BATCHES = (1, 32, 256)
K, DEEP = 10, 100
EXCLUDED = 500  # per query
BASE = "TFRS BruteForce"


class Entry(NamedTuple):
    """One way to search: `search(queries, k)` gives rows."""

    search: Callable
    build_s: float = 0.0
    num_bytes: int = 0
    is_plain: bool = True  # nothing excluded, so that there is a recall


def main():
    """Prints one table; the ratios are what counts."""
    arguments = parse_arguments()
    rng = np.random.default_rng(arguments.seed)
    if arguments.vectors:
        vectors, queries = read_vectors(rng, arguments.vectors)
        arguments.num_candidates, arguments.dim = vectors.shape
    else:
        how = (arguments.num_candidates, arguments.dim, arguments.skewed)
        vectors, queries = make_vectors(rng, *how)
    sample, queries = queries[:NUM_SAMPLES], tf.constant(queries[NUM_SAMPLES:])
    exact, seconds = timed(lambda: BruteForceIndex().build(names(vectors), vectors))
    chunks = tf.data.Dataset.from_tensor_slices(queries).batch(BATCHES[-1])
    found = [exact.search_rows(chunk, EXCLUDED)[0].numpy() for chunk in chunks]
    true_rows = np.concatenate(found)
    found = {"ours exact": Entry(loaded(exact), seconds, vectors.nbytes)}
    found |= excluding("ours exact", found["ours exact"], rng, len(vectors), true_rows)
    served = Entry(served_exact(vectors, (K, DEEP)), is_plain=False)
    found |= {"ours exact, served": served}
    rows: list[dict] = []
    print_heads()
    for name, entry in chain(
        [(BASE, tfrs_brute_force(vectors))],
        found.items(),
        scann_entries(arguments, rng, vectors, sample, true_rows),
        peer_entries(vectors) if arguments.peers else (),
    ):
        rows.append(measure(name, entry, queries, true_rows, arguments.repeats))
        print_row(rows[-1], rows[0])
    if arguments.plot:
        plot(rows, arguments)


def scann_entries(arguments, rng, vectors, sample, true_rows):
    """Yields ours and the bare ones at each recall that is wanted, then TFRS's."""
    for target in arguments.recall:
        entry, report = ours(vectors, sample, target)
        yield f"ours ScaNN {target:g}", entry
        for threads in (1, 2):
            bare = Entry(*bare_scann(vectors, report, K, threads > 1))
            yield f"bare ScaNN, {threads} threads {target:g}", bare
    name = f"ours ScaNN {target:g}"
    yield from excluding(name, entry, rng, len(vectors), true_rows).items()
    yield f"{name}, 8 bits", ours(vectors, sample, target, quantize=True)[0]
    yield "bare ScaNN exact, 8 bits", Entry(*rounded_scann(vectors, K))
    yield "TFRS ScaNN default", tfrs_scann(vectors)


def ours(vectors, sample, target, **how):
    index = ScannIndex(target, **how).build(names(vectors), vectors, sample)
    report = index.report
    return Entry(loaded(index), report.build_seconds, report.size_bytes), report


def peer_entries(vectors):
    for peer in index_peers.build_all(vectors):
        for setting in peer.settings:
            entry = Entry(in_numpy(peer, setting), peer.build_s, peer.num_bytes)
            yield f"{peer.name} {setting}", entry


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-candidates", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument(
        "--recall", type=float, nargs="+", default=[0.98], help="recall@10 wanted"
    )
    parser.add_argument("--skewed", action="store_true", help="norms that differ")
    parser.add_argument("--vectors", help="real ones: .npz of a text cache")
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--plot", help="file of the Pareto fronts")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def timed(build):
    start = time.perf_counter()
    return build(), time.perf_counter() - start


def loaded(index):
    """`(queries, k, excluded) -> rows` by the index, saved and loaded."""
    queries, k = tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32)
    excluded = tf.TensorSpec([None, None], tf.int32)
    module = tf.Module()
    module.index = index

    @tf.function(input_signature=[queries, k])
    def search(queries, k):
        return {"rows": index.search_rows(queries, k)[0]}

    @tf.function(input_signature=[queries, k, excluded])
    def search_others(queries, k, excluded):
        return {"rows": index.search_rows(queries, k, Filters(excluded))[0]}

    module.search, module.search_others = search, search_others
    with tempfile.TemporaryDirectory() as folder:
        options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
        tf.saved_model.save(module, folder, options=options)
        again = tf.saved_model.load(folder)
    plain, filtered = (
        Call(function.get_concrete_function())
        for function in (again.search, again.search_others)
    )
    counts = {k: tf.constant(k) for k in (K, DEEP)}

    def run(queries, k, excluded=None):
        if excluded is None:
            return plain(queries=queries, k=counts[k])["rows"]
        return filtered(queries=queries, k=counts[k], excluded=excluded)["rows"]

    run.module = again  # functions hold their variables weakly
    return run


def excluding(name, entry, rng, num_candidates, true_rows):
    """The same, with many random rows excluded for each query, or the best ones."""
    drawn = rng.integers(0, num_candidates, true_rows.shape)
    lists = {"random": drawn.astype("int32"), "best": true_rows}
    return {
        f"{name}, {kind} {EXCLUDED} excluded": entry._replace(
            search=without(entry.search, tf.constant(rows)), is_plain=False
        )
        for kind, rows in lists.items()
    }


def without(search, rows):
    lists = {size: rows[:size] for size in BATCHES}  # not a part of what is measured
    return lambda queries, k: search(queries, k, lists[len(queries)])


def tfrs_brute_force(vectors):
    brute_force = sys.modules[tfrs_scann_layer().__module__].BruteForce
    return in_function(brute_force(k=DEEP), vectors)


def tfrs_scann(vectors):
    return in_function(tfrs_scann_layer()(k=DEEP), vectors)


def in_function(layer, vectors):
    layer, seconds = timed(lambda: layer.index(tf.constant(vectors)))
    spec = tf.TensorSpec([None, vectors.shape[1]], tf.float32)

    def searching(k):
        search = tf.function(lambda queries: {"rows": layer(queries, k=k)[1]})
        return Call(search.get_concrete_function(queries=spec))

    calls = {k: searching(k) for k in (K, DEEP)}

    def run(queries, k):
        return calls[k](queries=queries)["rows"]

    return Entry(run, seconds, vectors.nbytes)


def in_numpy(peer, setting):
    return lambda queries, k: peer.search(queries.numpy(), k, setting)


def measure(name, entry, queries, true_rows, repeats):
    """A dict: milliseconds of one call by batch, recalls, cost."""
    row: dict[str, Any] = {"name": name, "entry": entry}
    times = [milliseconds(entry.search, queries[:n], repeats) for n in BATCHES]
    row["ms"], row["CPU ms"] = zip(*times, strict=True)
    row["queries/s"] = BATCHES[-1] / row["ms"][-1] * 1000
    for k in (K, DEEP) if entry.is_plain else ():
        chunks = tf.data.Dataset.from_tensor_slices(queries).batch(BATCHES[-1])
        found = np.concatenate([entry.search(chunk, k) for chunk in chunks])
        row[f"recall@{k}"] = recall_of(found, true_rows[:, :k])
    return row


def milliseconds(search, queries, repeats):
    """Medians of one call after a warm-up, by the clock and of processors' time."""
    search(queries, K)
    times = []
    for _ in range(repeats * max(1, 256 // len(queries) // 4)):
        start = np.array([time.perf_counter(), time.process_time()])
        np.asarray(search(queries, K))
        times.append([time.perf_counter(), time.process_time()] - start)
    return 1000 * np.median(times, axis=0)


def recall_of(found, true_rows):
    pairs = zip(np.asarray(found), true_rows, strict=True)
    return np.mean([np.isin(t, f).mean() for f, t in pairs])


def print_heads():
    heads = [f"recall@{K}", f"@{DEEP}", *(f"ms, {n}" for n in BATCHES)]
    heads += ["queries/s", "x TFRS", *(f"x CPU, {n}" for n in BATCHES), "build s", "MB"]
    print(f"{'':40}" + "".join(f"{head:>10}" for head in heads), flush=True)


def print_row(row, base):
    """One line; `base` is the row that ratios compare with."""
    recalls = (row.get(f"recall@{k}") for k in (K, DEEP))
    cells = ["" if each is None else f"{each:.4f}" for each in recalls]
    cells += [f"{ms:.3f}" for ms in row["ms"]]
    cells += [f"{row['queries/s']:.0f}"]
    cells += [f"{row['queries/s'] / base['queries/s']:.2f}"]
    pairs = zip(base["CPU ms"], row["CPU ms"], strict=True)
    cells += [f"{theirs / own:.2f}" for theirs, own in pairs]
    cells += [f"{row['entry'].build_s:.1f}", f"{row['entry'].num_bytes / 1e6:.0f}"]
    line = f"{row['name']:40}" + "".join(f"{cell:>10}" for cell in cells)
    print(line, flush=True)


def plot(rows, arguments):
    """Recall against queries per second at the largest batch, a line for each kind."""
    import matplotlib.pyplot as plt

    lines: dict[str, list] = {}
    for row in rows:
        if row["entry"].is_plain:
            kind = row["name"].rstrip("0123456789.")
            lines.setdefault(kind, []).append((row[f"recall@{K}"], row["queries/s"]))
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    axes.set_prop_cycle(color=plt.colormaps["tab20"].colors)
    for kind, points in lines.items():
        axes.plot(*zip(*sorted(points), strict=True), marker="o", label=kind.strip())
    axes.set(
        title=f"{arguments.num_candidates:,} x {arguments.dim}, "
        f"{'norms that differ' if arguments.skewed else 'unit norm'}, "
        f"batches of {BATCHES[-1]}",
        xlabel=f"recall@{K}",
        ylabel="queries/s",
        yscale="log",
    )
    axes.legend(fontsize="small")
    figure.savefig(arguments.plot, dpi=100)


if __name__ == "__main__":
    main()
