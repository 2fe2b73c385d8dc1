"""Texts in the log, such as searches and reviews: who wrote what, when."""

import dataclasses

import numpy as np
import pandas as pd


@dataclasses.dataclass(frozen=True, eq=False)
class EventTexts:
    """Texts of events, sorted by user, then (timestamp, sequence).

    Attributes:
        texts: `[num_distinct]` object array, each text once.
        text_rows: `[n]` int32, rows of `texts`.
        user_rows: `[n]` int32, as in `Interactions`.
        item_rows: `[n]` int32; -1 for a text without an item, such as a search.
        timestamps: `[n]` int64 UTC seconds.
        sequences: `[n]` int64, order among equal timestamps.
    """

    texts: np.ndarray
    text_rows: np.ndarray
    user_rows: np.ndarray
    item_rows: np.ndarray
    timestamps: np.ndarray
    sequences: np.ndarray

    def __len__(self):
        return len(self.text_rows)

    def of_events(self, log):
        """`[num_events]` rows of the texts of events, -1 for none.

        Args:
            log: `Interactions`, all or a part of the events that the texts are from.
        """
        names = ("user_rows", "item_rows", "timestamps", "sequences")
        own, asked = (
            pd.MultiIndex.from_arrays([getattr(each, name) for name in names])
            for each in (self, log)
        )
        is_first = ~own.duplicated()
        places = own[is_first].get_indexer(asked)
        rows = np.append(self.text_rows[is_first], -1)
        return rows[places]

    def alone_before(self, user_rows, timestamps, most):
        """The latest texts without an item that users had written at some moments.

        Args:
            user_rows: `[q]` int array.
            timestamps: `[q]` int64 array.
            most: int.

        Returns:
            `(text_rows, timestamps)`, `[q, most]` arrays, -1 and 0 for padding.
        """
        is_alone = self.item_rows < 0
        moments = [column[is_alone] for column in self.moments]
        first = np.full(len(user_rows), np.iinfo(np.int64).min)
        ends = count_before(moments, (user_rows, timestamps, first))
        places = ends[:, None] - most + np.arange(most)
        columns = (moments[0], self.text_rows[is_alone], moments[1])
        padded = (np.append(column, -1) for column in columns)  # of a log without any
        users, rows, times = (column[np.maximum(places, 0)] for column in padded)
        is_real = (places >= 0) & (users == user_rows[:, None])
        return np.where(is_real, rows, -1), np.where(is_real, times, 0)

    @property
    def moments(self):
        """What the order is by: user rows, timestamps and sequences."""
        return self.user_rows, self.timestamps, self.sequences


def encode_texts(frame, user_ids, item_ids, may_count):
    """The texts of a log as integers.

    Args:
        frame: events, as in `Events`, with those that have no item.
        user_ids: `[num_users]` array; texts of other users are left out.
        item_ids: `[num_items]` array.
        may_count: `[num_events]` bool array: of the events with an item, those that
            may be interest.

    Returns:
        `EventTexts`, or None for a log without texts.
    """
    if "text" not in frame:
        return None
    users = pd.Index(user_ids).get_indexer(frame["user_id"])
    is_alone = (frame["item_id"] == "").to_numpy()
    is_kept = (frame["text"] != "").to_numpy() & (users >= 0) & (is_alone | may_count)
    if not is_kept.any():
        return None
    kept = frame[is_kept]
    text_rows, texts = pd.factorize(kept["text"])
    columns = {
        "text_rows": text_rows.astype(np.int32),
        "user_rows": users[is_kept].astype(np.int32),
        "item_rows": pd.Index(item_ids).get_indexer(kept["item_id"]).astype(np.int32),
        "timestamps": kept["timestamp"].to_numpy(np.int64),
        "sequences": kept["sequence"].to_numpy(np.int64),
    }
    order = np.lexsort(
        (columns["sequences"], columns["timestamps"], columns["user_rows"])
    )
    columns = {name: column[order] for name, column in columns.items()}
    return EventTexts(texts=np.asarray(texts, object), **columns)


def count_before(known, asked, counts_equal=False):
    """How many moments lie before each of others, in the order of users and time.

    Args:
        known: columns of the moments: `[n]` user rows, timestamps, sequences.
        asked: `[q]` columns of the others.
        counts_equal: whether those at the moment itself count too.

    Returns:
        `[q]` int64 array.

    Example:
        >>> known = ([0, 0, 1], [5, 9, 1], [0, 0, 0])
        >>> count_before(known, ([0, 1], [9, 9], [0, 0])).tolist()
        [1, 3]
    """
    num_known, num_asked = len(known[0]), len(asked[0])
    is_known = np.repeat([True, False], [num_known, num_asked])
    users, times, sequences = map(np.concatenate, zip(known, asked, strict=True))
    order = np.lexsort((is_known != counts_equal, sequences, times, users))
    found = np.empty(len(order), np.int64)
    found[order] = np.cumsum(is_known[order])
    return found[num_known:]
