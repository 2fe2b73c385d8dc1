"""Base of the baselines that read a query's history."""

import numpy as np

from tfrec.baselines.histories import history_matrix
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
        """The same memory asked with another `weighting` of the history."""
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
