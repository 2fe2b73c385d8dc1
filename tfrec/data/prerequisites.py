"""Which items each person of a log may have: what these come after was met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse


@dataclass(frozen=True, eq=False)
class Prerequisites:
    """The items of a catalogue that come after others, and what meets an item.

    Attributes:
        rows: `[n]` int, rows of the items that have prerequisites, ascending.
        needed: `[n, num_items]` CSR of ones: what must be met before each of these.
        counts: `[n]` int, how many must be met; ids that the catalogue lacks count.
        meets: `[num_event_names]` bool, kinds of event that meet an item: all but
            those whose events were all negative.
    """

    rows: np.ndarray
    needed: sparse.csr_matrix
    counts: np.ndarray
    meets: np.ndarray

    @classmethod
    def of(cls, items, meets) -> Prerequisites | None:
        """Those of a catalogue; None where no item has any.

        Args:
            items: `Items`.
            meets: as the attribute.
        """
        after = items.after
        if not after:
            return None
        known = pd.Index(items.frame["item_id"])
        columns = [known.get_indexer(each) for each in after.values()]
        counts = np.array([len(each) for each in columns])
        places, rows = np.repeat(np.arange(len(after)), counts), np.concatenate(columns)
        is_known = rows >= 0
        ones = np.ones(is_known.sum(), np.int32)
        needed = sparse.csr_matrix(
            (ones, (places[is_known], rows[is_known])), (len(after), len(known))
        )
        return cls(known.get_indexer([*after]), needed, counts, np.asarray(meets))

    def are_met(self, queries) -> np.ndarray:
        """Whether everything was met that the items of `rows` come after.

        Args:
            queries: `Queries`, whose histories count.

        Returns:
            `[num_queries, n]` bool.
        """
        log = queries.interactions
        starts = log.offsets[queries.user_rows]
        lengths = queries.history_ends - starts
        query_of = np.repeat(np.arange(len(queries)), lengths)
        first = np.cumsum(lengths) - lengths
        events = np.arange(lengths.sum()) + np.repeat(starts - first, lengths)
        may_count = self.meets[log.event_rows[events]]
        cells = (query_of[may_count], log.item_rows[events[may_count]])
        ones = np.ones(may_count.sum(), np.int32)
        met = sparse.csr_matrix((ones, cells), (len(queries), log.num_items))
        met.data[:] = 1  # where an item was met several times
        return (met @ self.needed.T).toarray() == self.counts

    def of_targets(self, queries) -> np.ndarray:
        """`[num_targets]` bool: whether each target of `queries` could be had."""
        found = [np.zeros(0, bool)]
        for batch in queries.in_batches():
            query_of = np.repeat(np.arange(len(batch)), np.diff(batch.target_offsets))
            places = np.searchsorted(self.rows, batch.target_rows)
            places = np.minimum(places, len(self.rows) - 1)
            is_free = self.rows[places] != batch.target_rows
            found.append(is_free | self.are_met(batch)[query_of, places])
        return np.concatenate(found)
