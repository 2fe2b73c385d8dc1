"""Peers of our indexes, for `bench_index`; those that are absent are left out."""

import importlib.util
import os
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

THREADS = os.cpu_count() or 1


class Peer(NamedTuple):
    """A built index: `search(queries, k, setting)` gives rows."""

    name: str
    build_s: float
    num_bytes: int
    settings: tuple
    search: Callable


def build_all(vectors):
    """Yields every peer whose package is installed, built one after the other."""
    count, dim = vectors.shape
    leaves = int(np.sqrt(count))
    probes = tuple(n for n in (4, 8, 16, 32, 64) if n < leaves)
    depths = (32, 64, 128, 256)
    if importlib.util.find_spec("faiss"):
        yield faiss_index("faiss Flat", "Flat", vectors, (1,))
        yield faiss_index("faiss IVFFlat", f"IVF{leaves},Flat", vectors, probes)
        pq = f"IVF{leaves},PQ{dim // 4}"
        yield faiss_index("faiss IVFPQ", pq, vectors, probes)
        yield faiss_index("faiss HNSW32", "HNSW32", vectors, depths)
    if importlib.util.find_spec("hnswlib"):
        yield hnswlib_index("hnswlib M16", vectors, 16, 200, depths)
        yield hnswlib_index("hnswlib M32/efC400", vectors, 32, 400, depths)
    if importlib.util.find_spec("usearch"):
        yield usearch_index(vectors, depths)


def faiss_index(name, recipe, vectors, settings):
    """Settings are `nprobe` or `efSearch`."""
    import faiss

    faiss.omp_set_num_threads(THREADS)
    start = time.perf_counter()
    index = faiss.index_factory(vectors.shape[1], recipe, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    seconds = time.perf_counter() - start

    def search(queries, k, setting):
        if "IVF" in recipe:
            index.nprobe = setting
        if "HNSW" in recipe:
            index.hnsw.efSearch = max(setting, k)
        return index.search(queries, k)[1]

    size = len(faiss.serialize_index(index))
    return Peer(name, seconds, size, settings, search)


def hnswlib_index(name, vectors, links, effort, settings):
    """Settings are `ef`."""
    import hnswlib

    start = time.perf_counter()
    index = hnswlib.Index("ip", vectors.shape[1])
    index.init_index(len(vectors), M=links, ef_construction=effort)
    index.set_num_threads(THREADS)
    index.add_items(vectors)
    seconds = time.perf_counter() - start

    def search(queries, k, setting):
        index.set_ef(max(setting, k))
        return index.knn_query(queries, k)[0]

    return Peer(name, seconds, index.index_file_size(), settings, search)


def usearch_index(vectors, settings):
    """Settings are `expansion_search`."""
    from usearch.index import Index

    start = time.perf_counter()
    index = Index(
        ndim=vectors.shape[1],
        metric="ip",
        dtype="f32",
        connectivity=32,
        expansion_add=256,
    )
    index.add(np.arange(len(vectors)), vectors, threads=THREADS)
    seconds = time.perf_counter() - start

    def search(queries, k, setting):
        index.expansion_search = max(setting, k)
        found = index.search(queries, k, threads=THREADS)
        return np.asarray(found.keys).reshape(len(queries), k)

    return Peer("usearch 32", seconds, index.memory_usage, settings, search)
