"""Items with live counts: what these add to their scores."""

from typing import NamedTuple

import tensorflow as tf

from tfrec.hybrid.live_popularity import LiveCounts
from tfrec.inference.query_encoder import Rows
from tfrec.inference.request import at_the_clock, to_batch
from tfrec.linear.repeat_consumption import last_occurrences
from tfrec.retrieval.filters import NO_ROW

MOST = 1e12  # events; a larger count is taken as that


class LiveItems(NamedTuple):
    """Items that are ranked whatever the index finds, and what is added to scores."""

    rows: Rows  # [batch, n], each item once
    bonus: tf.Tensor  # [batch, n]

    def bonus_of(self, rows):
        """The bonus of `[batch, k]` int32 rows, 0 for items that have none."""

        def look():
            places = tf.argsort(self.rows.answer, axis=1)
            ordered, bonus = (
                tf.gather(each, places, batch_dims=1)
                for each in (self.rows.answer, self.bonus)
            )
            last = tf.shape(ordered)[1] - 1
            found = tf.minimum(tf.searchsorted(ordered, rows), last)
            ordered, bonus = (
                tf.gather(each, found, batch_dims=1) for each in (ordered, bonus)
            )
            return tf.where((ordered == rows) & (rows > NO_ROW), bonus, 0.0)

        nothing = tf.zeros(tf.shape(rows))
        return tf.cond(tf.size(self.bonus) > 0, look, lambda: nothing)


def no_live_items(num_queries):
    """`LiveItems` of nothing."""
    none = tf.zeros([num_queries, 0], tf.int32)
    return LiveItems(Rows(none, none), tf.zeros([num_queries, 0]))


def live_items(encoder, popular, now, fresh=None):
    """The `LiveItems` of a request.

    An id that comes several times counts as it comes last. A count that is no number
    above 0 says nothing, and the item is as if it were not named.

    Args:
        encoder: `QueryEncoder`, of a model with live counts.
        popular: `PopularItems`.
        now: `[batch]` int64 tensor, UTC seconds, 0 for the clock.
        fresh: `NewItemTier` that items may be in, or None.
    """
    popular = to_batch(popular, tf.size(now))
    slow, fast, total = map(_readable, popular[1:])
    total = tf.maximum(total, tf.reduce_sum(slow, axis=1))
    rows = encoder.rows_of(popular.popular_item_ids, fresh)
    answer = tf.where(slow > 0, rows.answer, NO_ROW)
    is_used = tf.reduce_any(answer > NO_ROW, axis=0)  # most requests have no such item

    def used(columns):
        return tf.boolean_mask(columns, is_used, axis=1)

    rows = Rows(used(rows.known), last_occurrences(used(answer)))
    counts = LiveCounts(used(slow), used(fast), total)

    def counted():
        times = at_the_clock(now)
        return encoder.hybrid.live_bonus(rows.answer, counts, times, fresh)

    nothing = tf.zeros(tf.shape(rows.answer))
    bonus = tf.cond(tf.size(nothing) > 0, counted, lambda: nothing)
    return LiveItems(rows, bonus)


def _readable(counts):
    """Counts without those that say nothing, which are 0."""
    is_known = tf.math.is_finite(counts) & (counts > 0)
    return tf.where(is_known, tf.minimum(counts, MOST), 0.0)
