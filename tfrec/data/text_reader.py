"""Which of a log's texts the histories of its events, and of questions, hold."""

import functools

import numpy as np
import tensorflow as tf

from tfrec.data.event_texts import count_before
from tfrec.data.history_texts import MAX_TEXTS, text_weights


class TextReader:
    """Finds the latest texts of histories, in the graph.

    Args:
        log: `Interactions` with texts.
    """

    def __init__(self, log):
        self._texts = log.event_texts
        self._events = (log.user_rows, log.timestamps, log.sequences)
        counts = np.bincount(self._texts.user_rows, minlength=log.num_users)
        self._starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        # Whoever writes of an item has met it: its event is not after the text.
        self._events_until = count_before(
            self._events, self._texts.moments, counts_equal=True
        )
        self._alone_until = np.cumsum(np.append(0, self._texts.item_rows < 0))

    @functools.cached_property
    def ends(self):
        """`[num_events]` int64: of each event, the first text that is not before it."""
        return count_before(self._texts.moments, self._events)

    def ends_at(self, user_rows, timestamps):
        """`[q]` int64: the same for questions, which know what came before them."""
        first = np.full(len(user_rows), np.iinfo(np.int64).min)
        return count_before(self._texts.moments, (user_rows, timestamps, first))

    def __call__(self, user_rows, ends, history_ends):
        """The latest texts of histories, oldest first, padding before them.

        Args:
            user_rows: int tensor that broadcasts to the shape of the others.
            ends: int64 tensor of any shape, as `ends` has them.
            history_ends: int64 tensor of the same shape: where, in the log, the
                histories end.

        Returns:
            `(text_rows, weights)`, of one dimension more, of size 8; -1 and 0 for
            padding.
        """
        places = ends[..., None] - MAX_TEXTS + tf.range(MAX_TEXTS, dtype=tf.int64)
        is_real = places >= tf.gather(self._starts, user_rows)[..., None]
        places = tf.where(is_real, places, 0)
        ages = history_ends[..., None] - tf.gather(self._events_until, places)
        ages += tf.gather(self._alone_until, ends)[..., None]
        ages -= tf.gather(self._alone_until, places + 1)
        rows = tf.gather(self._texts.text_rows, places)
        return tf.where(is_real, rows, -1), text_weights(ages, is_real)
