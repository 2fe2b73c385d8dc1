"""Histories as sparse matrices: the one place where events become weights."""

import numpy as np
from scipy import sparse

from tfrec.baselines.history_recipes import uniform


def history_matrix(queries, weighting=uniform, counts_repeats=False):
    """One row per query, one column per item, the weight of the item's last event.

    Only positive events count; ranks are counted among them.

    Args:
        queries: `Queries`.
        weighting: a recipe of `tfrec.baselines.history_recipes`.
        counts_repeats: whether the weights of all events of an item are added,
            instead of its latest event's alone.

    Returns:
        `[len(queries), num_items]` float32 CSR matrix.
    """
    log = queries.interactions
    starts = log.offsets[queries.user_rows]
    query_of, events = ranges(starts, queries.history_ends)
    is_positive = log.labels[events] == 1
    query_of, events = query_of[is_positive], events[is_positive]
    ranks = _ranks_from_the_end(query_of)
    ages_s = np.maximum(queries.timestamps[query_of] - log.timestamps[events], 0)
    weights = weighting(ranks, ages_s, log.values[events])
    items = log.item_rows[events]
    if not counts_repeats:
        is_latest = _is_last_of_its_kind(query_of * log.num_items + items)
        weights, query_of, items = (
            each[is_latest] for each in (weights, query_of, items)
        )
    return _csr(weights, query_of, items, (len(queries), log.num_items))


def _csr(weights, rows, columns, shape):
    matrix = sparse.csr_matrix((weights.astype(np.float32), (rows, columns)), shape)
    matrix.eliminate_zeros()
    return matrix


def ranges(starts, ends):
    """Events of several histories: `(i, j)` for all `starts[i] <= j < ends[i]`.

    Args:
        starts: `[n]` int array.
        ends: `[n]` int array.

    Returns:
        Two int arrays, `i` and `j`, in order.
    """
    lengths = ends - starts
    owners = np.repeat(np.arange(len(lengths)), lengths)
    shifts = starts - (np.cumsum(lengths) - lengths)
    return owners, np.arange(len(owners)) + shifts[owners]


def _ranks_from_the_end(groups):
    """Place within a run of equal `groups`, 0 is the last."""
    last = np.searchsorted(groups, groups, side="right") - 1
    return last - np.arange(len(groups))


def _is_last_of_its_kind(keys):
    _, from_the_end = np.unique(keys[::-1], return_index=True)
    is_last = np.zeros(len(keys), bool)
    is_last[len(keys) - 1 - from_the_end] = True
    return is_last
