"""Approximate search by ScaNN with exact promises; importing this needs ScaNN."""

import dataclasses
import time

import numpy as np
import tensorflow as tf

from tfrec.graphs import graph
from tfrec.retrieval.candidate_index import CandidateIndex
from tfrec.retrieval.exact import NARROW, exact_best
from tfrec.retrieval.filters import NO_ROW, NO_SCORE, Filters, best, pad_to, redo
from tfrec.retrieval.scann_layer import FROM_CONFIG, TunableScaNN
from tfrec.retrieval.scann_settings import (
    BuildReport,
    check_memory,
    common_norm,
    scann_settings,
)
from tfrec.retrieval.tuning import DEPTHS, LEAST_QUERIES, NUM_TRUE, tune

NUM_SAMPLES = NUM_TRUE // DEPTHS[0]  # queries that measure recall, at most
CHUNK = 128  # of them are searched exactly at a time
SHALLOW = NUM_TRUE // LEAST_QUERIES  # results at most where many queries measure
NUM_PROBES = 256  # candidates that tell how narrow a filter is
FIRST_SPARE = 10  # excluded candidates that the first search allows for


class ScannIndex(CandidateIndex):
    """Finds nearly the best `k`, and `k` of them whenever `k` are permitted.

    Every search starts with ScaNN, a little wider than `k` when something is
    excluded. Queries that come back short are searched again, as wide as their
    filters can need, and what is still short is searched exactly, as are narrow
    filters (`NARROW`). All of it happens in the graph.

    All signatures of a saved model search one copy, which stays in memory when
    the model is dropped: call its `release()` before.

    Args:
        target_recall: share of the true best `k` that must be found without
            filters; settings are searched until it is measured.
        seed: int, of the sample queries when `build` is given none.
        quantize: bool, whether ScaNN holds the vectors rounded to 8 bits, a quarter of
            the memory; the last results are then chosen by the full ones.
    """

    op_libraries = frozenset({"scann"})
    packages = ("scann", "tensorflow-recommenders")
    may_miss = True

    def __init__(self, target_recall=0.98, seed=0, quantize=False):
        super().__init__()
        self.target_recall = target_recall
        self.seed = seed
        self.quantize = quantize

    @classmethod
    def from_settings(cls, *, recall, quantize):
        return cls(target_recall=recall, quantize=quantize)

    def build(self, candidate_ids, candidate_embeddings, sample_queries=None):
        """Replaces the content and measures recall; the result is in `report`.

        Args:
            candidate_ids: `[num_candidates]` strings, unique.
            candidate_embeddings: `[num_candidates, dim]` float array or variable,
                finite.
            sample_queries: `[num_queries, dim]` float array of real queries that
                no one trained on; None takes candidates with noise added.

        Returns:
            The index itself.

        Raises:
            DataError: an input is malformed, or the two differ in length.
            ArtefactError: building would run out of memory.
        """
        start = time.perf_counter()
        embeddings = self._admit(candidate_ids, candidate_embeddings)
        check_memory(*embeddings.shape)
        settings = scann_settings(
            *embeddings.shape,
            common_norm=common_norm(embeddings),
            quantize=self.quantize,
        )
        self._layer = TunableScaNN(settings, k=min(10, len(embeddings)))
        self._layer.index(self.embeddings)
        self.release = self._layer.release  # for servers that swap versions
        if sample_queries is None:
            sample_queries = _sample(embeddings, self.seed)
        levels = self._tune(settings, np.asarray(sample_queries, np.float32))
        self._set_levels(levels, len(embeddings))
        self.report = BuildReport(
            settings=settings,
            levels=tuple(levels),
            target_recall=self.target_recall,
            build_seconds=time.perf_counter() - start,
            size_bytes=self._layer.size_bytes,
        )
        return self

    def facts(self):
        return dataclasses.asdict(self.report)

    def _tune(self, settings, queries):
        if not settings.num_leaves:
            return []
        queries = tf.constant(queries[:NUM_SAMPLES])
        num_candidates = self.embeddings.shape[0]
        search = graph(self._layer.call, reduce_retracing=True)

        def rows(part, *how):
            return search(queries[part], *map(tf.constant, how))[1]

        return tune(
            rows,
            self._true_rows(queries),
            settings.num_leaves,
            num_candidates,
            self.target_recall,
        )

    def _true_rows(self, queries):
        """Exact answers, `[num_queries, deepest]`; few queries need deep ones."""
        num_candidates = self.embeddings.shape[0]
        deepest, found = min(DEPTHS[-1], num_candidates), []
        for start in range(0, len(queries), CHUNK):
            depth = deepest if start < LEAST_QUERIES else min(SHALLOW, deepest)
            chunk, k = queries[start : start + CHUNK], tf.constant(depth)
            rows = exact_best(self.embeddings, chunk, k, Filters())[0]
            found.append(pad_to(rows, tf.zeros_like(rows, tf.float32), deepest)[0])
        return np.concatenate(found)

    def _set_levels(self, levels, num_candidates):
        everything = (num_candidates, FROM_CONFIG, FROM_CONFIG)
        rows = [(level.depth, level.leaves, level.reorder) for level in levels]
        self._levels = tf.constant(rows or [everything], tf.int32)
        self._max_width = rows[-1][0] if rows else num_candidates
        self._num_candidates = num_candidates
        # Drawn, not evenly spaced: catalogues are often in an order of their own.
        drawn = np.random.default_rng(self.seed).permutation(num_candidates)
        self._probes = tf.constant(drawn[:NUM_PROBES], tf.int32)

    def _search_rows(self, queries, k, filters):
        narrow, share = self._probe(filters, tf.shape(queries)[0])
        first = self._first_width(k, filters, share)
        is_exact = narrow | (first > self._max_width)
        width = tf.maximum(1, tf.reduce_max(tf.where(is_exact, 1, first)))

        def harder(queries, filters):
            return self._search_harder(queries, k, filters)

        found = self._approximate(queries, k, filters, width)
        return redo(_is_short(found) | is_exact, harder, found, queries, filters)

    def _search_harder(self, queries, k, filters):
        """What queries get that came back short: as wide as they need, or exactly."""
        num_queries = tf.shape(queries)[0]
        narrow, share = self._probe(filters, num_queries)
        first = self._first_width(k, filters, share)
        widest = self._width(k + filters.num_excluded(num_queries), share)
        again = (first < widest) & (widest <= self._max_width) & ~narrow
        width = tf.reduce_max(tf.where(again, widest, 1))

        def wider(queries, filters):
            return self._approximate(queries, k, filters, width)

        def exact(queries, filters):
            return exact_best(self.embeddings, queries, k, filters)

        nothing = tf.fill([num_queries, k], NO_ROW)
        found = (nothing, tf.fill([num_queries, k], NO_SCORE))
        found = redo(again, wider, found, queries, filters)
        return redo(_is_short(found), exact, found, queries, filters)

    def _probe(self, filters, num_queries):
        """(is narrow, share allowed) per query, from a fixed sample of candidates."""
        if filters.allowed is None:
            return tf.constant(False), None
        is_allowed = filters.is_allowed(self._probes[None])
        share = tf.reduce_mean(tf.cast(is_allowed, tf.float32), axis=1)
        share = tf.broadcast_to(share, [num_queries])
        return share <= NARROW, tf.maximum(share, NARROW)

    def _first_width(self, k, filters, share):
        spare = 0
        if filters.excluded_rows is not None:
            spare = tf.minimum(FIRST_SPARE, tf.shape(filters.excluded_rows)[1])
            spare = tf.maximum(0, tf.minimum(spare, self._max_width - k))
        return self._width(k + spare, share)

    def _width(self, wanted, share):
        """How many results to ask for so that `wanted` are likely to be allowed."""
        if share is not None:
            spare = tf.where(share < 1.0, 1.5, 1.0)
            wide = tf.math.ceil(tf.cast(wanted, tf.float32) * spare / share)
            wanted = tf.cast(wide, tf.int32)
        return tf.minimum(wanted, self._num_candidates)

    def _approximate(self, queries, k, filters, width):
        is_less = tf.cast(self._levels[:-1, 0] < width, tf.int32)
        level = tf.gather(self._levels, tf.reduce_sum(is_less))
        _, leaves, reorder = tf.unstack(level)
        scores, rows = self._layer.call(queries, width, leaves, reorder)
        if filters.allowed is None and filters.excluded_rows is None:
            return pad_to(rows[:, :k], scores[:, :k], k)
        return best(tf.where(filters.permits(rows), scores, NO_SCORE), rows, k)


def _is_short(found):
    return tf.reduce_any(found[0] == NO_ROW, axis=1)


def _sample(embeddings, seed):
    """Queries near candidates: half of a candidate's own spread is noise."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(embeddings), min(NUM_SAMPLES, len(embeddings)), False)
    noise = rng.normal(size=(len(chosen), embeddings.shape[1])) * embeddings.std() / 2
    return (embeddings[chosen] + noise).astype(np.float32)
