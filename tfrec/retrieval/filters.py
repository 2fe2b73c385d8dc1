"""What may not be answered, and the top-k that obeys it; shared by every index."""

import dataclasses
import math
from collections.abc import Callable

import tensorflow as tf

from tfrec.data.availability import is_within
from tfrec.graphs import graph

NO_CANDIDATE = ""
NO_ROW = -1
NO_SCORE = float("-inf")
FEW_PAIRS = 30_000  # of a query, which are compared faster than sorted
_ENDS = {  # of numbers: what stands for none, where limits begin and where they end
    tf.float32: (-math.inf, tf.float32.min, math.inf),
    tf.int64: (tf.int64.min, tf.int64.min + 1, tf.int64.max),
}


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


def in_categories(candidate_categories, num_categories, wanted, way="any"):
    """Candidates by the categories that a query names.

    Args:
        candidate_categories: `[num_candidates, width]` int32 tensor of category
            numbers, each once in a row; -1 is padding.
        num_categories: int.
        wanted: `[batch, n]` int32 tensor of category numbers. Padding is -1, a
            category that no candidate has is `num_categories`; a query with
            padding only takes all candidates.
        way: `"any"`, `"all"` or `"none"`: how many of them a candidate must have.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """
    is_wanted = tf.reduce_any(
        tf.one_hot(wanted, num_categories + 1, on_value=True, off_value=False), axis=1
    )
    num_wanted = tf.math.count_nonzero(is_wanted, axis=1, dtype=tf.int32)
    # The last place is read for a candidate's padding.
    is_wanted = tf.pad(is_wanted[:, :-1], [[0, 0], [0, 1]])

    def allowed(rows, is_wanted, num_wanted):
        def hits(column):
            found = tf.gather(column, rows)
            return _at_places(is_wanted, tf.where(found < 0, num_categories, found))

        columns = tf.unstack(candidate_categories, axis=1)
        found = tf.stack([hits(column) for column in columns])
        return has_enough(found, num_wanted, way, axis=0)

    return allowed, (is_wanted, num_wanted)


def has_enough(hits, num_wanted, way, axis):
    """Whether candidates have those categories of which a query names some.

    Args:
        hits: `[batch, n]` bool tensor, and an axis of the categories of a candidate:
            which of them are named.
        num_wanted: `[batch]` int32 tensor: distinct categories that are named; of a
            query that names none, all candidates have enough.
        way: as for `in_categories`.
        axis: int, that of the categories.

    Returns:
        `[batch, n]` bool tensor.
    """
    num_wanted = num_wanted[:, None]
    if way == "all":
        return tf.math.count_nonzero(hits, axis=axis, dtype=tf.int32) >= num_wanted
    has_any = tf.reduce_any(hits, axis=axis)
    return ~has_any if way == "none" else has_any | (num_wanted == 0)


def within(numbers, least, most):
    """Candidates whose number lies between two limits, which are allowed as well.

    Args:
        numbers: `[num_candidates]` tensor: float32, NaN where there is none, or int64,
            0 where there is none: no limit takes such a candidate.
        least: `[batch]` tensor of that type; NaN or 0 is no limit.
        most: the same.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """
    lowest, first, highest = _ENDS[numbers.dtype]
    numbers = tf.where(is_given(numbers), numbers, lowest)
    has_limit = is_given(least) | is_given(most)
    least = tf.where(is_given(least), tf.maximum(least, first), first)
    least = tf.where(has_limit, least, lowest)
    most = tf.where(is_given(most), most, highest)

    def allowed(rows, least, most):
        found = tf.gather(numbers, rows)
        return (found >= least[:, None]) & (found <= most[:, None])

    return allowed, (least, most)


def is_given(numbers):
    """Which numbers are there: a bool tensor; NaN and the integer 0 stand for none."""
    return ~tf.math.is_nan(numbers) if numbers.dtype.is_floating else numbers != 0


def if_asked(rule, is_asked):
    """A rule that costs nothing where no query of the batch asks for it.

    Where all queries ask for the same, it judges rows that they share only once.

    Args:
        rule: pair `(allowed, per_query)` that allows everything to other queries.
        is_asked: `[batch]` bool tensor.

    Returns:
        A pair `(allowed, per_query)` for `Filters` or `every`.
    """
    judge, tensors = rule

    def judged(rows, tensors):
        if rows.shape[0] != 1:
            return judge(rows, *tensors)
        first = [each[:1] for each in tensors]
        pairs = zip(tensors, first, strict=True)
        are_alike = tf.reduce_all([tf.reduce_all(each == one) for each, one in pairs])
        return tf.cond(
            are_alike, lambda: judge(rows, *first), lambda: judge(rows, *tensors)
        )

    def allowed(rows, is_asked, *tensors):
        everything = tf.ones([1, 1], tf.bool)
        return tf.cond(
            tf.reduce_any(is_asked), lambda: judged(rows, tensors), lambda: everything
        )

    return allowed, (is_asked, *tensors)


def _at_places(flags, places):
    """`[batch, width]` flags of each query at `[batch or 1, n]` places."""
    if places.shape[0] == 1:  # the same for all queries: whole rows are copied
        return tf.transpose(tf.gather(tf.transpose(flags), places[0]))
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
