"""What may not be answered, and the top-k that obeys it; shared by every index."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from tfrec.data.availability import is_within
from tfrec.graphs import graph

NO_CANDIDATE = ""
NO_ROW = -1
NO_SCORE = float("-inf")
FEW_PAIRS = 30_000  # of a query, which are compared faster than sorted


@dataclasses.dataclass(frozen=True)
class Filters:
    """Which candidates may be answered to which query of a batch.

    Args:
        excluded_rows: `[batch, num_excluded]` int32 tensor; `NO_ROW` anywhere is
            padding, repeats do no harm. None excludes nothing.
        allowed: function of catalogue rows `[batch or 1, n]` (int32, all real)
            and of each tensor in `per_query`, that gives a bool tensor which
            broadcasts to `[batch, n]`. None allows everything.
        per_query: tensors `[batch, ...]` that `allowed` needs. An index answers
            some queries of a batch apart, so `allowed` must not close over
            tensors that have a row per query: they belong here.

    Example:
    >>> filters = Filters(tf.constant([[2, -1]]), allowed=lambda rows: rows < 3)
    >>> filters.permits(tf.constant([[1, 2, 3, -1]])).numpy().tolist()
    [[True, False, False, False]]
    """

    excluded_rows: tf.Tensor | None = None
    allowed: Callable | None = None
    per_query: tuple = ()

    def is_allowed(self, rows):
        """What `allowed` says of the `[batch or 1, n]` real `rows`: a bool tensor."""
        if self.allowed is None:
            return tf.ones_like(rows, tf.bool)
        return self.allowed(rows, *self.per_query)

    def permits(self, rows):
        """Which of the retrieved rows may be answered.

        Args:
            rows: `[batch, n]` int32 tensor; `NO_ROW` is never permitted.

        Returns:
            `[batch, n]` bool tensor.
        """
        is_permitted = rows > NO_ROW
        if self.allowed is not None:
            is_permitted &= self.is_allowed(tf.maximum(rows, 0))
        if self.excluded_rows is not None:
            is_permitted &= ~_is_member(rows, self.excluded_rows)
        return is_permitted

    def num_excluded(self, num_queries):
        """`[batch]` int32 tensor: exclusions per query, padding not counted."""
        if self.excluded_rows is None:
            return tf.zeros([num_queries], tf.int32)
        return tf.math.count_nonzero(
            self.excluded_rows > NO_ROW, axis=1, dtype=tf.int32
        )

    def take(self, queries):
        """The filters of some queries, given by `[n]` places in the batch."""
        excluded = self.excluded_rows
        return Filters(
            None if excluded is None else tf.gather(excluded, queries),
            self.allowed,
            tuple(tf.gather(tensor, queries) for tensor in self.per_query),
        )


def every(*rules):
    """One `(allowed, per_query)` from several, all of which must hold.

    Args:
        *rules: pairs `(allowed, per_query)`, such as `available_at(...)`.

    Returns:
        A pair `(allowed, per_query)` for `Filters`; without rules, one that allows
        everything.
    """
    if not rules:
        return None, ()

    def allowed(rows, *per_query):
        is_allowed, start = rows > NO_ROW, 0
        for rule, tensors in rules:
            end = start + len(tensors)
            is_allowed &= rule(rows, *per_query[start:end])
            start = end
        return is_allowed

    return allowed, tuple(tensor for _, tensors in rules for tensor in tensors)


def available_at(available_from, available_until, now):
    """Candidates on offer at the time of asking.

    Args:
        available_from: `[num_candidates]` int64 tensor, UTC seconds; 0 = always.
        available_until: the same, first second it is gone; 0 = for ever.
        now: `[batch]` int64 tensor, UTC seconds.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """

    def allowed(rows, now):
        limits = (tf.gather(each, rows) for each in (available_from, available_until))
        return is_within(now[:, None], *limits)

    return allowed, (now,)


def open_to(columns, is_open):
    """Candidates whose prerequisites a query has met.

    Args:
        columns: `[num_candidates]` int32 tensor, where in `is_open` a candidate is.
        is_open: `[batch, n]` bool tensor.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """

    def allowed(rows, is_open):
        return _at_places(is_open, tf.gather(columns, rows))

    return allowed, (is_open,)


def in_categories(candidate_categories, num_categories, wanted):
    """Candidates that share a category with what the query asks for.

    Args:
        candidate_categories: `[num_candidates, width]` int32 tensor of category
            numbers; -1 is padding.
        num_categories: int.
        wanted: `[batch, n]` int32 tensor of category numbers. Padding is -1, a
            category that no candidate has is `num_categories`; a query with
            padding only takes all candidates.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """
    is_wanted = tf.reduce_any(
        tf.one_hot(wanted, num_categories + 1, on_value=True, off_value=False), axis=1
    )
    takes_all = tf.reduce_all(wanted < 0, axis=1, keepdims=True)
    # The last place is read for a candidate's padding, so it holds `takes_all`.
    is_wanted = tf.concat([is_wanted[:, :-1] | takes_all, takes_all], axis=1)

    def allowed(rows, is_wanted):
        def hits(column):
            found = tf.gather(column, rows)
            return _at_places(is_wanted, tf.where(found < 0, num_categories, found))

        columns = tf.unstack(candidate_categories, axis=1)
        return tf.reduce_any(tf.stack([hits(column) for column in columns]), axis=0)

    return allowed, (is_wanted,)


def _at_places(flags, places):
    """`[batch, width]` flags of each query at `[batch or 1, n]` places."""
    shape = [tf.shape(flags)[0], tf.shape(places)[1]]
    return tf.gather(flags, tf.broadcast_to(places, shape), batch_dims=1)


def best(scores, rows, k):
    """The best `k` of scored rows; equal scores keep their order.

    Args:
        scores: `[batch, n]` float tensor; `-inf` marks what must not come.
        rows: `[batch, n]` int32 tensor, or `[n]` if the same for every query.
        k: scalar int32 tensor, may exceed `n`.

    Returns:
        `(rows, scores)`, both `[batch, k]`, best first, padded with `NO_ROW` and
        `-inf`.
    """
    scores, places = tf.math.top_k(scores, tf.minimum(k, tf.shape(scores)[1]))
    rows = tf.gather(rows, places, batch_dims=rows.shape.rank - 1)
    return pad_to(tf.where(scores > NO_SCORE, rows, NO_ROW), scores, k)


def pad_to(rows, scores, width):
    """`(rows, scores)` of at most `width` columns, padded to exactly `width`."""
    missing = [[0, 0], [0, width - tf.shape(rows)[1]]]
    return (
        tf.pad(rows, missing, constant_values=NO_ROW),
        tf.pad(scores, missing, constant_values=NO_SCORE),
    )


def redo(where, search, found, queries, *given):
    """An answer in which some queries are answered again.

    Args:
        where: `[batch]` bool tensor, which.
        search: gives `(rows, scores)` for some of the queries, and of `given`.
        found: `(rows, scores)`, both `[batch, k]`, of all queries.
        queries: `[batch, dim]` float tensor.
        *given: what has something for each query and a method `take`, as `Filters`.

    Returns:
        `(rows, scores)` as `found`.
    """

    def redone():
        places = tf.cast(tf.where(where), tf.int32)  # [n, 1]
        some = places[:, 0]
        taken = (each.take(some) for each in given)
        rows, scores = search(tf.gather(queries, some), *taken)
        return (
            tf.tensor_scatter_nd_update(found[0], places, rows),
            tf.tensor_scatter_nd_update(found[1], places, scores),
        )

    has_work = tf.reduce_any(where) & (tf.size(found[0]) > 0)
    return tf.cond(has_work, rare(redone), lambda: found)


def _is_member(rows, excluded_rows):
    """`[batch, n]`: is each row in its query's list?"""
    width = tf.shape(excluded_rows)[1]

    def compared():
        return tf.reduce_any(rows[:, :, None] == excluded_rows[:, None], axis=2)

    def sought():  # O((n + e) log e) per query
        last = tf.int32.max  # there is always something to the right of a row
        ordered = tf.pad(excluded_rows, [[0, 0], [0, 1]], constant_values=last)
        ordered = tf.sort(ordered)
        places = tf.searchsorted(ordered, rows)
        return tf.gather(ordered, places, batch_dims=1) == rows

    is_small = tf.shape(rows)[1] * width <= FEW_PAIRS
    return tf.cond(is_small, compared, rare(sought))


def rare(branch):
    """A branch of a `tf.cond` that stays one op: passing it by costs nothing."""
    if not tf.inside_function():
        return branch  # it is taken or not, and never traced
    return graph(branch, experimental_attributes={"_noinline": True})
