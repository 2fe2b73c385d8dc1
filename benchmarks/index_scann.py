"""ScaNN through its own Python binding: `(search, seconds to build, bytes)`."""

import time

from scann.scann_ops.py import scann_ops_pybind


def bare_scann(vectors, report, k, parallel):
    """At the settings of a `BuildReport`; in the caller's thread, or in all."""
    settings = report.settings
    builder = scann_ops_pybind.builder(vectors, k, "dot_product").tree(
        num_leaves=settings.num_leaves,
        num_leaves_to_search=report.levels[0].leaves,
        training_sample_size=settings.training_sample,
    )
    threshold = settings.anisotropic_threshold or float("nan")
    scored = builder.score_ah(
        settings.dims_per_block, threshold, settings.training_sample
    ).reorder(report.levels[0].reorder)
    start = time.perf_counter()
    searcher = scored.build()
    seconds = time.perf_counter() - start

    def run(queries, k):
        queries = queries.numpy()
        level = next(level for level in report.levels if level.depth >= k)
        how = (k, level.reorder, level.leaves)
        if len(queries) == 1:
            return searcher.search(queries[0], *how)[0][None]
        if parallel:
            size = max(1, len(queries) // 4)
            return searcher.search_batched_parallel(queries, *how, batch_size=size)[0]
        return searcher.search_batched(queries, *how)[0]

    return run, seconds, report.size_bytes


def rounded_scann(vectors, k):
    """Of every vector, rounded to 8 bits: its recall is what they can tell apart."""
    builder = scann_ops_pybind.builder(vectors, k, "dot_product")
    start = time.perf_counter()
    searcher = builder.score_brute_force(quantize=True).build()
    seconds = time.perf_counter() - start

    def run(queries, k):
        return searcher.search_batched(queries.numpy(), k)[0]

    return run, seconds, vectors.size
