"""From which event on users may have items that come after others, in the graph."""

import numpy as np
import tensorflow as tf

NEVER = np.iinfo(np.int64).max


class FirstMet:
    """When each user of a log met what others come after.

    Args:
        log: `Interactions` with `Prerequisites`.
    """

    def __init__(self, log):
        order = log.prerequisites
        wanted = np.unique(order.needed.indices)
        may_count = order.meets[log.event_rows] & np.isin(log.item_rows, wanted)
        events = np.flatnonzero(may_count)
        columns = np.searchsorted(wanted, log.item_rows[events])
        users = log.user_rows[events].astype(np.int64)
        _, first = np.unique(users * len(wanted) + columns, return_index=True)
        self._splits = np.searchsorted(users[first], np.arange(log.num_users + 1))
        self._columns, self._ends = columns[first], events[first] + 1
        self._num_wanted = len(wanted)
        self._needed = _padded(order, wanted)

    def __call__(self, user_rows):
        """Where histories must end, or later, for items to be open to their users.

        Args:
            user_rows: `[batch]` int tensor.

        Returns:
            `[batch, n]` int64 tensor of places in the log, `n` as of `Prerequisites`;
            `NEVER` where something was not met at all.
        """
        starts = tf.gather(self._splits, user_rows)
        places = tf.ragged.range(starts, tf.gather(self._splits, user_rows + 1))
        columns = tf.gather(self._columns, places.flat_values)
        cells = tf.stack([places.value_rowids(), columns], axis=1)
        num_users = tf.size(user_rows)
        ends = tf.fill([num_users, self._num_wanted], tf.constant(NEVER))
        found = tf.gather(self._ends, places.flat_values)
        ends = tf.tensor_scatter_nd_update(ends, cells, found)
        nothing = tf.zeros([num_users, 1], tf.int64)
        ends = tf.concat([ends, nothing, nothing + NEVER], axis=1)
        return tf.reduce_max(tf.gather(ends, self._needed, axis=1), axis=2)


def _padded(order, wanted):
    """`[n, width]` columns of what each item comes after.

    The last two are no items': one for padding, and one for ids that nobody can meet.
    """
    padding, unknown = len(wanted), len(wanted) + 1
    needed = np.full((len(order.counts), order.counts.max()), padding)
    for row, count, matrix in zip(needed, order.counts, order.needed, strict=True):
        row[:count] = unknown
        row[: matrix.nnz] = np.searchsorted(wanted, matrix.indices)
    return needed
