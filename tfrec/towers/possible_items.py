"""Which items could be chosen at a time: the negatives of what was."""

import tensorflow as tf

from tfrec.data.availability import is_within


class PossibleItems:
    """What a catalogue says of its items as negatives.

    Args:
        has_id: `[num_items]` bool array, whether an item has events.
        starts: `[num_items]` int64 array, UTC seconds, 0 = always.
        ends: the same, first second that it is gone, 0 = for ever.
    """

    def __init__(self, has_id, starts, ends):
        self.has_id = tf.constant(has_id)
        self._has_limits = bool((starts | ends).any())
        self._starts, self._ends = tf.constant(starts), tf.constant(ends)

    def at(self, rows, times):
        """Whether items could be had.

        Args:
            rows: int tensor.
            times: int64 tensor of UTC seconds, of a shape that broadcasts with it.

        Returns:
            bool tensor of the joint shape, or the scalar True where none has limits.
        """
        if not self._has_limits:
            return tf.constant(True)
        starts, ends = tf.gather(self._starts, rows), tf.gather(self._ends, rows)
        return is_within(times, starts, ends)
