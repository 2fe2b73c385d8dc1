"""What the users of a log had written when questions are asked."""

import numpy as np
import tensorflow as tf

from tfrec.data.text_reader import TextReader
from tfrec.hybrid.written_texts import WrittenTexts


class LogTexts:
    """The texts that the histories of queries hold.

    Args:
        model: `TwoTower` that was adapted to a part of the queries' log.
        queries: `Queries`.
    """

    def __init__(self, model, queries):
        self._vectors, self._texts = model.texts.events.vectors, model.state.event_texts
        self._reader = TextReader(queries.interactions)
        self._users, self._history_ends = queries.user_rows, queries.history_ends
        self._ends = self._reader.ends_at(queries.user_rows, queries.timestamps)

    def of(self, numbers):
        """`WrittenTexts` of some queries, or None where nobody had written any.

        Args:
            numbers: `[n]` int array, places of the queries.
        """
        asked = (self._users, self._ends, self._history_ends)
        found = self._reader(*(tf.constant(column[numbers]) for column in asked))
        rows, weights = (tensor.numpy() for tensor in found)
        width = (rows >= 0).sum(axis=1).max(initial=0)
        if not width:
            return None
        rows, weights = rows[:, -width:], weights[:, -width:]
        texts = np.where(rows >= 0, self._texts[np.maximum(rows, 0)], "")
        vectors = tf.gather(self._vectors, np.maximum(rows, 0))
        vectors = tf.where(rows[..., None] >= 0, vectors, 0.0)
        texts = tf.constant(texts, tf.string)
        return WrittenTexts(texts, vectors, tf.constant(weights))


def log_texts(model, queries):
    """`LogTexts`, or None where the model reads no texts of events."""
    return LogTexts(model, queries) if model.has_event_texts else None
