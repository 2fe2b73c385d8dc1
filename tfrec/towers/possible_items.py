"""Which items could be chosen at a time: the negatives of what was."""

import numpy as np
import tensorflow as tf

from tfrec.data.availability import is_within


class PossibleItems:
    """What a catalogue says of its items as negatives.

    Args:
        has_id: `[num_items]` bool array, whether an item has events.
        starts: `[num_items]` int64 array, UTC seconds, 0 = always.
        ends: the same, first second that it is gone, 0 = for ever.
        after_rows: rows of the items that have prerequisites, ascending.
    """

    def __init__(self, has_id, starts, ends, after_rows=()):
        self.has_id = tf.constant(has_id)
        columns = np.full(len(has_id), len(after_rows), np.int32)
        columns[np.asarray(after_rows, int)] = np.arange(len(after_rows))
        self._after_columns = tf.constant(columns)
        self._has_limits = bool((starts | ends).any())
        self._starts, self._ends = tf.constant(starts), tf.constant(ends)

    def at(self, rows, batch):
        """Whether users could be recommended items.

        Args:
            rows: `[batch or 1, n]` int tensor.
            batch: dict as `training_windows` gives it, of which `timestamps` and
                `context` are `[batch, n or 1]`, `open_from` and `own_items` may be
                left out.

        Returns:
            `[batch, n]` bool tensor, or the scalar True where nothing limits items.
        """
        found = tf.constant(True)
        if self._has_limits:
            starts, ends = tf.gather(self._starts, rows), tf.gather(self._ends, rows)
            found &= is_within(batch["timestamps"], starts, ends)
        if "open_from" in batch:
            found &= self._are_open(rows, batch["context"], batch["open_from"])
        if "own_items" in batch:
            found &= rows != batch["own_items"][:, None]
        return found

    def _are_open(self, rows, context, open_from):
        columns = tf.gather(self._after_columns, rows)
        shape = [tf.shape(open_from)[0], tf.shape(rows)[1]]
        open_from = tf.pad(open_from, [[0, 0], [0, 1]])  # always, of all other items
        needed = tf.gather(open_from, tf.broadcast_to(columns, shape), batch_dims=1)
        return needed <= context
