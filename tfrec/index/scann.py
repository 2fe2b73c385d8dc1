"""Approximate search by ScaNN with exact promises; importing this needs ScaNN."""

import time

import numpy as np
import tensorflow as tf

from tfrec.index.brute_force import NARROW, exact_best
from tfrec.index.candidate_index import CandidateIndex
from tfrec.index.filters import NO_ROW, Filters, best
from tfrec.index.policy import BuildReport, check_memory, common_norm, scann_settings
from tfrec.index.scann_layer import FROM_CONFIG, TunableScaNN
from tfrec.index.tuning import DEPTHS, tune

NUM_SAMPLES = 512  # queries that measure recall
NUM_PROBES = 256  # candidates that tell how narrow a filter is
FIRST_SPARE = 32  # excluded candidates that the first search allows for


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
    """

    def __init__(self, target_recall=0.98, seed=0):
        super().__init__()
        self.target_recall = target_recall
        self.seed = seed

    def build(self, candidate_ids, candidate_embeddings, sample_queries=None):
        """Replaces the content and measures recall; the result is in `report`.

        Args:
            candidate_ids: `[num_candidates]` strings, unique.
            candidate_embeddings: `[num_candidates, dim]` float array, finite.
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
            *embeddings.shape, common_norm=common_norm(embeddings)
        )
        self._layer = TunableScaNN(settings, k=min(10, len(embeddings)))
        self._layer.index(embeddings)
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

    def _tune(self, settings, queries):
        if not settings.num_leaves:
            return []
        queries = tf.constant(queries[:NUM_SAMPLES])
        num_candidates = len(self._layer.embeddings)
        max_depth = tf.constant(min(DEPTHS[-1], num_candidates))
        true_rows = [
            exact_best(self._layer.embeddings, chunk[None], max_depth, Filters())[0]
            for chunk in queries
        ]
        search = tf.function(self._layer.call, reduce_retracing=True)

        def rows(part, *how):
            return search(queries[part], *map(tf.constant, how))[1]

        return tune(
            rows,
            np.concatenate(true_rows),
            settings.num_leaves,
            num_candidates,
            self.target_recall,
        )

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
        excluded = filters.num_excluded(tf.shape(queries)[0])
        first = self._width(k + tf.minimum(excluded, FIRST_SPARE), share)
        widest = self._width(k + excluded, share)
        is_exact = narrow | (first > self._max_width)

        def search(width):
            def run(queries, filters):
                return self._approximate(queries, k, filters, width)

            return run

        def exact(queries, filters):
            return exact_best(self._layer.embeddings, queries, k, filters)

        found = search(_largest(first, ~is_exact))(queries, filters)
        if filters.excluded_rows is not None:
            again = self._is_short(found, k) & ~is_exact
            again &= (first < widest) & (widest <= self._max_width)
            found = _redo(
                again, search(_largest(widest, again)), queries, filters, found
            )
        return _redo(
            self._is_short(found, k) | is_exact, exact, queries, filters, found
        )

    def _probe(self, filters, num_queries):
        """(is narrow, share allowed) per query, from a fixed sample of candidates."""
        if filters.allowed is None:
            return tf.fill([num_queries], False), tf.ones([num_queries])
        is_allowed = filters.is_allowed(self._probes[None])
        share = tf.reduce_mean(tf.cast(is_allowed, tf.float32), axis=1)
        share = tf.broadcast_to(share, [num_queries])
        return share <= NARROW, tf.maximum(share, NARROW)

    def _width(self, wanted, share):
        """How many results to ask for so that `wanted` are likely to be allowed."""
        spare = tf.where(share < 1.0, 1.5, 1.0)
        wide = tf.math.ceil(tf.cast(wanted, tf.float32) * spare / share)
        return tf.minimum(tf.cast(wide, tf.int32), self._num_candidates)

    def _approximate(self, queries, k, filters, width):
        place = tf.searchsorted(self._levels[:, 0], width[None])[0]
        level = self._levels[tf.minimum(place, len(self._levels) - 1)]
        scores, rows = self._layer.call(queries, width, level[1], level[2])
        if filters.allowed is None and filters.excluded_rows is None:
            return best(scores, rows, k)
        return best(tf.where(filters.permits(rows), scores, float("-inf")), rows, k)

    def _is_short(self, found, k):
        rows, _ = found
        count = tf.math.count_nonzero(rows > NO_ROW, axis=1, dtype=tf.int32)
        return count < tf.minimum(k, self._num_candidates)


def _largest(widths, where):
    return tf.maximum(1, tf.reduce_max(tf.where(where, widths, 1)))


def _redo(where, search, queries, filters, found):
    """`found`, with the queries at `where` answered by `search` instead."""

    def redone():
        places = tf.cast(tf.where(where), tf.int32)  # [n, 1]
        some = places[:, 0]
        rows, scores = search(tf.gather(queries, some), filters.take(some))
        return (
            tf.tensor_scatter_nd_update(found[0], places, rows),
            tf.tensor_scatter_nd_update(found[1], places, scores),
        )

    has_work = tf.reduce_any(where) & (tf.size(found[0]) > 0)
    return tf.cond(has_work, redone, lambda: found)


def _sample(embeddings, seed):
    """Queries near candidates: half of a candidate's own spread is noise."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(embeddings), min(NUM_SAMPLES, len(embeddings)), False)
    noise = rng.normal(size=(len(chosen), embeddings.shape[1])) * embeddings.std() / 2
    return (embeddings[chosen] + noise).astype(np.float32)
