"""Exact search over all candidates; the oracle and the safety net of the others."""

import tensorflow as tf

from tfrec.retrieval.candidate_index import CandidateIndex
from tfrec.retrieval.filters import NO_ROW, NO_SCORE, best

NARROW = 0.05  # share of the catalogue below which its slice is scored alone


class BruteForceIndex(CandidateIndex):
    """Scores every candidate that a filter leaves, and keeps the best `k`.

    Cost is `O(num_candidates * dim)` per query, and a batch holds its whole
    score matrix in memory.

    Example:
    >>> index = BruteForceIndex().build(["a", "b"], [[1.0], [2.0]])
    >>> ids, scores = index.search([[3.0]], k=1)
    >>> ids.numpy().tolist(), scores.numpy().tolist()
    ([[b'b']], [[6.0]])
    """

    suffix = ""  # any server runs it, by the model's own name

    def build(self, candidate_ids, candidate_embeddings, sample_queries=None):
        self._admit(candidate_ids, candidate_embeddings)
        return self

    def _search_rows(self, queries, k, filters):
        return exact_best(self.embeddings, queries, k, filters)


def exact_best(embeddings, queries, k, filters):
    """Best `k` rows of `embeddings` by inner product that the filters permit.

    Args:
        embeddings: `[num_candidates, dim]` float tensor or variable.
        queries: `[batch, dim]` float tensor, finite.
        k: scalar int32 tensor.
        filters: `Filters`.

    Returns:
        `(rows, scores)`, both `[batch, k]`, as from `search_rows`.
    """
    embeddings = tf.convert_to_tensor(embeddings)  # read once; see `take_rows`
    num_candidates = tf.shape(embeddings)[0]
    every_row = tf.range(num_candidates)
    if filters.allowed is None:
        scores = tf.matmul(queries, embeddings, transpose_b=True)
        return best(strike(scores, filters.excluded_rows), every_row, k)
    is_allowed = filters.is_allowed(every_row[None])  # [batch or 1, num_candidates]
    # What any query of the batch may take; row 0 keeps the slice from being empty.
    is_in_slice = tf.reduce_any(is_allowed, axis=0) | (every_row == 0)
    slice_rows = tf.boolean_mask(every_row, is_in_slice)

    def on_slice():
        scores = tf.matmul(queries, tf.gather(embeddings, slice_rows), transpose_b=True)
        scores = tf.where(tf.gather(is_allowed, slice_rows, axis=1), scores, NO_SCORE)
        excluded = _places(slice_rows, filters.excluded_rows)
        return best(strike(scores, excluded), slice_rows, k)

    def on_everything():
        scores = tf.matmul(queries, embeddings, transpose_b=True)
        scores = tf.where(is_allowed, scores, NO_SCORE)
        return best(strike(scores, filters.excluded_rows), every_row, k)

    most = NARROW * tf.cast(num_candidates, tf.float32)
    is_narrow = tf.cast(tf.size(slice_rows), tf.float32) <= most
    return tf.cond(is_narrow, on_slice, on_everything)


def strike(scores, columns):
    """Scores without some columns.

    Args:
        scores: `[batch, n]` float tensor.
        columns: `[batch, e]` int32 tensor, those outside `[0, n)` are ignored; or None.

    Returns:
        `scores` with `-inf` at each query's columns.
    """
    if columns is None:
        return scores
    is_real = (columns > NO_ROW) & (columns < tf.shape(scores)[1])
    # The minimum with +inf changes nothing, so padding may point at column 0.
    places = tf.where(is_real, columns, 0)
    queries = tf.broadcast_to(tf.range(tf.shape(places)[0])[:, None], tf.shape(places))
    return tf.tensor_scatter_nd_min(
        scores,
        tf.stack([queries, places], axis=-1),
        tf.where(is_real, NO_SCORE, -NO_SCORE),
    )


def _places(ordered, rows):
    """Where each of `rows` stands in the ascending `ordered`; `NO_ROW` if nowhere."""
    if rows is None:
        return None
    ordered = tf.concat([ordered, [tf.int32.max]], axis=0)
    places = tf.searchsorted(ordered, tf.reshape(rows, [-1]))
    places = tf.reshape(places, tf.shape(rows))
    return tf.where(tf.gather(ordered, places) == rows, places, NO_ROW)
