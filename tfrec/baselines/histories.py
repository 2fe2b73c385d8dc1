"""Histories as sparse matrices, and the base of the baselines that read them."""

import numpy as np
from scipy import sparse

from tfrec.baselines.history_recipes import uniform
from tfrec.errors import NotBuiltError


class HistoryRecommender:
    """Scores items by a weighted history; popular items where it is empty.

    Subclasses learn in `_learn` and turn histories into scores in `_score`.

    Args:
        name: shown in reports.
        weighting: a recipe of `tfrec.baselines.history_recipes`.
    """

    counts_repeats = False  # of an item in one history

    def __init__(self, name, weighting=uniform):
        self.name = name
        self.weights = weighting
        self._train = None

    def fit(self, train, items):
        """Learns from `train`; a second time from the same log costs nothing."""
        if self._train is not train:
            self._learn(train, items)
            popularity = train.popularity().astype(np.float32)
            self._popularity = popularity / max(popularity.max(initial=0.0), 1.0)
            self._train = train
        return self

    def score(self, queries):
        """`[len(queries), num_items]` float32 scores."""
        if self._train is None:
            raise NotBuiltError(f"{self.name} is empty. Call `fit` before `score`.")
        histories = history_matrix(queries, self.weights, self.counts_repeats)
        scores = np.asarray(self._score(histories), np.float32)
        scores[np.diff(histories.indptr) == 0] = self._popularity
        return scores

    def reweighted(self, name, weighting):
        """The same learnt model with another `weighting` of the history."""
        return _Reweighted(self, name, weighting)

    def _learn(self, train, items):
        raise NotImplementedError

    def _score(self, histories):
        raise NotImplementedError


class _Reweighted(HistoryRecommender):
    def __init__(self, source, name, weighting):
        super().__init__(name, weighting)
        self._source = source
        self.counts_repeats = source.counts_repeats

    def _learn(self, train, items):
        self._source.fit(train, items)

    def _score(self, histories):
        return self._source._score(histories)


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
