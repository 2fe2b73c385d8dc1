"""The door between ids, which people use, and rows, which an index uses."""

import collections

import tensorflow as tf

from tfrec.errors import DataError
from tfrec.retrieval.filters import NO_CANDIDATE, NO_ROW


class CandidateIds(tf.Module):
    """Ids to rows and back, in the graph.

    Example:
    >>> ids = CandidateIds(["a", "b"])
    >>> ids.rows_of(tf.constant([["b", "", "z"]])).numpy().tolist()
    [[1, -1, -1]]
    >>> ids.ids_of(tf.constant([[0, -1]])).numpy().tolist()
    [[b'a', b'']]

    Args:
        ids: `[num_candidates]` strings, unique and not empty.

    Raises:
        DataError: there are no ids, or some are empty or repeated.
    """

    def __init__(self, ids):
        super().__init__()
        ids = tf.reshape(tf.convert_to_tensor(ids, tf.string), [-1])
        _check(ids.numpy())
        self.num_candidates = len(ids)
        self._ids = tf.concat([[NO_CANDIDATE], ids], axis=0)  # at row + 1
        rows = tf.range(self.num_candidates)
        self._table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(ids, rows), default_value=NO_ROW
        )

    def rows_of(self, ids):
        """int32 rows of a string tensor of any shape; unknown and `""`: `NO_ROW`."""
        return self._table.lookup(ids)

    def ids_of(self, rows):
        """Strings of an int32 tensor of any shape; `NO_ROW` gives `""`."""
        return tf.gather(self._ids, rows - NO_ROW)


def _check(ids):
    if not len(ids):
        raise DataError("`candidate_ids` must not be empty. Received: no ids.")
    if not all(ids):
        empty = [row for row, name in enumerate(ids) if not name]
        raise DataError(
            '`candidate_ids` must not be "", because that is the padding. '
            f"Received: {len(empty)} empty ids, first at rows {empty[:3]}."
        )
    repeated = [name for name, n in collections.Counter(ids).items() if n > 1]
    if repeated:
        raise DataError(
            "`candidate_ids` must be unique. Received: "
            f"{len(repeated)} repeated ids, first "
            f"{[name.decode(errors='replace') for name in repeated[:3]]}."
        )
