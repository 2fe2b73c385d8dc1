"""What a card is about: questions, and what training knows of items and people."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from tfrec.data.interactions import Queries
from tfrec.data.schema import Items, Users
from tfrec.data.split import Split

THIRDS = ("least popular third", "middle third", "most popular third")
NEW = "no training event"


@dataclass(frozen=True, eq=False)
class Subject:
    """The questions of an evaluation beside their catalogue and people.

    Attributes:
        split: `Split` that was judged.
        items: `Items` of the log.
        users: `Users`, possibly none.
        text_vectors: `[num_items, dim]` float array of the items' texts, rows of zeros
            for items without; None where no texts are read.
        group_columns: columns of `users` that are compared; empty for all that have few
            values.
        allow_repeats: whether lists may hold items of the history.
    """

    split: Split
    items: Items
    users: Users
    text_vectors: np.ndarray | None = None
    group_columns: Sequence[str] = ()
    allow_repeats: bool = False

    @property
    def queries(self) -> Queries:
        """The questions."""
        return self.split.queries

    @functools.cached_property
    def counts(self) -> np.ndarray:
        """`[num_items]` int: people with a training event of each item."""
        train = self.split.train
        pairs = train.user_rows.astype(np.int64) * train.num_items + train.item_rows
        return np.bincount(np.unique(pairs) % train.num_items, minlength=len(self))

    @property
    def num_people(self) -> int:
        """People with a training event."""
        return int(np.count_nonzero(np.diff(self.split.train.offsets)))

    def __len__(self) -> int:
        return self.split.train.num_items

    @functools.cached_property
    def popularity_groups(self) -> np.ndarray:
        """`[num_items]` object array: the third of the known items, by training events.

        Items without a training event are a group of their own.
        """
        events = np.bincount(self.split.train.item_rows, minlength=len(self))
        known = np.flatnonzero(events)
        order = known[np.argsort(events[known], kind="stable")]
        groups = np.full(len(self), NEW, object)
        for name, rows in zip(THIRDS, np.array_split(order, 3), strict=True):
            groups[rows] = name
        return groups

    @functools.cached_property
    def categories(self) -> tuple[sparse.csr_matrix, np.ndarray]:
        """`[num_items, C]` CSR of 0 and 1, and the `[C]` names of the categories."""
        lists = [cell.split("|") for cell in self.items.frame["category"]]
        rows = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
        named = np.array([name for each in lists for name in each], object)
        is_named = named != ""
        columns, names = pd.factorize(named[is_named], sort=True)
        shape = (len(self), len(names))
        cells = (np.ones(len(columns), np.float32), (rows[is_named], columns))
        matrix = sparse.csr_matrix(cells, shape)
        matrix.data[:] = 1.0  # where a category is named twice
        return matrix, np.asarray(names, object)

    @functools.cached_property
    def history_lengths(self) -> np.ndarray:
        """`[queries]` int: events of each history."""
        starts = self.queries.interactions.offsets[self.queries.user_rows]
        return self.queries.history_ends - starts

    @functools.cached_property
    def targets(self) -> tuple[np.ndarray, np.ndarray]:
        """`(query, item row)` of each right item, each once in a question."""
        queries = self.queries
        counts = np.diff(queries.target_offsets)
        query_of = np.repeat(np.arange(len(queries)), counts)
        pairs = np.stack([query_of, queries.target_rows], axis=1)
        query_of, rows = np.unique(pairs, axis=0).T
        return query_of, rows

    def is_met(self, shown: np.ndarray) -> np.ndarray:
        """`[queries, k]` bool: whether a shown item is in the question's history."""
        keys, first = self._first_met
        wanted = self.queries.user_rows.astype(np.int64)[:, None] * len(self) + shown
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        is_known = (keys[places] == wanted) & (shown >= 0)
        return is_known & (first[places] < self.queries.history_ends[:, None])

    @functools.cached_property
    def _first_met(self):
        """Sorted numbers of `(user, item)` of the log, and the first event of each."""
        log = self.queries.interactions
        pairs = log.user_rows.astype(np.int64) * log.num_items + log.item_rows
        return np.unique(pairs, return_index=True)

    @functools.cached_property
    def first_moments(self) -> np.ndarray | None:
        """`[num_items]` int64 UTC seconds: since when each item could be had.

        That is `available_from` or, without, the item's first event. The largest
        integer for items with neither; None where the log has no times.
        """
        log = self.queries.interactions
        if not log.has_times:
            return None
        first = np.full(len(self), np.iinfo(np.int64).max)
        np.minimum.at(first, log.item_rows, log.timestamps)
        since = self.items.frame["available_from"].to_numpy(np.int64)
        return np.where(since > 0, since, first)
