"""Exact search over all candidates, as a function of tensors."""

import tensorflow as tf

from tfrec.retrieval.filters import NO_ROW, NO_SCORE, best

NARROW = 0.05  # share of the catalogue below which its slice is scored alone
GROUPED_FROM = 10_000  # candidates; a top-k of fewer is as fast at once
LEAST_GROUP = 32  # candidates; the maximum of fewer takes longer than it saves


def exact_best(embeddings, queries, k, filters, bonus=None):
    """Best `k` rows of `embeddings` that the filters permit.

    They are the best by inner product, and what a bonus adds to it.

    Args:
        embeddings: `[num_candidates, dim]` float tensor or variable.
        queries: `[batch, dim]` float tensor, finite.
        k: scalar int32 tensor.
        filters: `Filters`.
        bonus: `Bonus`, or None.

    Returns:
        `(rows, scores)`, both `[batch, k]`, as from `search_rows`.
    """
    embeddings = tf.convert_to_tensor(embeddings)  # read once; see `take_rows`
    excluded = filters.excluded_rows
    if filters.allowed is None:
        return _best_of_all(embeddings, queries, k, excluded, bonus=bonus)
    num_candidates = tf.shape(embeddings)[0]
    every_row = tf.range(num_candidates)
    is_allowed = filters.is_allowed(every_row[None])  # [batch or 1, num_candidates]
    # What any query of the batch may take; row 0 keeps the slice from being empty.
    is_in_slice = tf.reduce_any(is_allowed, axis=0) | (every_row == 0)

    def on_slice():
        slice_rows = tf.boolean_mask(every_row, is_in_slice)
        scores = tf.matmul(queries, tf.gather(embeddings, slice_rows), transpose_b=True)
        if bonus is not None:
            scores = bonus.raised(scores, slice_rows[None])
        scores = tf.where(tf.gather(is_allowed, slice_rows, axis=1), scores, NO_SCORE)
        columns = excluded
        if excluded is not None:
            wanted = tf.reshape(excluded, [1, -1])
            columns = tf.reshape(_places(slice_rows[None], wanted), tf.shape(excluded))
        return best(strike(scores, columns), slice_rows, k)

    def on_everything():
        return _best_of_all(embeddings, queries, k, excluded, is_allowed, bonus)

    most = NARROW * tf.cast(num_candidates, tf.float32)
    is_narrow = tf.reduce_sum(tf.cast(is_in_slice, tf.float32)) <= most
    return tf.cond(is_narrow, on_slice, on_everything)


def _best_of_all(embeddings, queries, k, excluded_rows, is_allowed=None, bonus=None):
    """`exact_best` from the scores of all candidates."""

    def scored(start, end):
        scores = tf.matmul(queries, embeddings[start:end], transpose_b=True)
        if bonus is not None:
            scores = bonus.raised(scores, tf.range(start, end)[None])
        if is_allowed is None:
            return scores
        part = is_allowed[:, start:end]
        return tf.cond(  # one row for all queries is added in half of the time
            tf.shape(part)[0] == 1,
            lambda: scores + tf.where(part, 0.0, NO_SCORE),
            lambda: tf.where(part, scores, NO_SCORE),
        )

    num_candidates = embeddings.shape[0]
    if num_candidates < GROUPED_FROM:
        scores = strike(scored(0, num_candidates), excluded_rows)
        return best(scores, tf.range(num_candidates), k)
    depth = tf.maximum(k, 1)
    if excluded_rows is not None:
        depth += tf.shape(excluded_rows)[1]
    # As many groups as candidates in `depth` groups: the least work for both top-k.
    size = tf.cast(tf.sqrt(num_candidates / depth), tf.int32)
    size = tf.maximum(size, LEAST_GROUP)
    end = (num_candidates - 1) // size * size
    groups = tf.reshape(scored(0, end), [tf.shape(queries)[0], end // size, size])
    return _best_in_groups(groups, scored(end, num_candidates), k, depth, excluded_rows)


def _best_in_groups(groups, rest, k, depth, excluded_rows):
    """The best `k` of many scores: of those in the groups with the best ones.

    A candidate outside of the `depth` best groups has `depth` others before it, the
    best ones of these groups: higher, or equal and of a lower row. `k` of them are
    left where the others are excluded. Neither a top-k nor exclusions then need all
    scores, where each of them takes longer than the product that made these.

    Args:
        groups: `[batch, num_groups, size]` float tensor, the scores of rows from 0 on.
        rest: `[batch, n]` float tensor, those of the rows after them; at most `size`.
        k: scalar int32 tensor.
        depth: scalar int32 tensor, at least `k + num_excluded`.
        excluded_rows: `[batch, num_excluded]` int32 tensor as in `Filters`, or None.

    Returns:
        `(rows, scores)`, both `[batch, k]`, as from `best`.
    """
    num_queries, num_groups, size = tf.unstack(tf.shape(groups))
    highest = tf.reduce_max(groups, axis=2)
    _, found = tf.math.top_k(highest, tf.minimum(depth, num_groups), sorted=False)
    found = tf.sort(found)  # equal scores come by lower row
    flat = [num_queries, tf.shape(found)[1] * size]
    scores = tf.reshape(tf.gather(groups, found, batch_dims=1), flat)
    scores = tf.concat([scores, rest], axis=1)
    found = tf.pad(found, [[0, 0], [0, 1]], constant_values=num_groups)  # the rest
    rows = found[:, :, None] * size + tf.range(size)
    rows = tf.reshape(rows, [num_queries, flat[1] + size])[:, : tf.shape(scores)[1]]
    if excluded_rows is not None:
        columns = _places(found, excluded_rows // size) * size + excluded_rows % size
        scores = strike(scores, columns)
    return best(scores, rows, k)


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


def _places(ordered, wanted):
    """Where `wanted` stand in the ascending rows of `ordered`; `NO_ROW` if nowhere."""
    ordered = tf.pad(ordered, [[0, 0], [0, 1]], constant_values=tf.int32.max)
    places = tf.searchsorted(ordered, wanted)
    return tf.where(tf.gather(ordered, places, batch_dims=1) == wanted, places, NO_ROW)
