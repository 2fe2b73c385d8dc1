"""Repeat consumption: what a user's past with an item says about having it again.

People buy the same milk every week. A model of low rank cannot say so: it would
have to keep each item apart from all others. So an item of the history gets a bonus of
its own on top of the inner product, and is ranked beside what the index finds.
"""

import tensorflow as tf

HALF_LIVES = (5.0, 50.0, 500.0)  # events: lately, often, always


def repeat_features(history, rows, has_times=True):
    """How much a user has had to do with items.

    Args:
        history: `HistoryBatch`.
        rows: `[batch, n]` int32 tensor, -1 for none.
        has_times: whether the log had times; without, all events count alike.

    Returns:
        `[batch, n, num_half_lives]` float tensor: the logarithm of 1 plus the
        decayed number of the item's events; 0 for items that are not there.
    """
    ranks = tf.cast(history.ranks, tf.float32)
    ranks = ranks if has_times else tf.zeros_like(ranks)
    decays = 0.5 ** (ranks[..., None] / tf.constant(HALF_LIVES))
    same = (rows[:, :, None] == history.item_rows[:, None]) & (rows[..., None] >= 0)
    return tf.math.log1p(tf.matmul(tf.cast(same, tf.float32), decays))


def last_occurrences(rows):
    """`[batch, n]` rows with -1 in place of all but the last of those that repeat."""
    places = tf.range(tf.shape(rows)[1])
    same = rows[:, :, None] == rows[:, None]
    is_later = places[None, :, None] < places[None, None, :]
    return tf.where(tf.reduce_any(same & is_later, axis=2), -1, rows)
