"""Counts: what is popular, and what a person had before."""

import numpy as np

from tfrec.baselines.histories import HistoryRecommender
from tfrec.baselines.history_recipes import TimeDecay
from tfrec.errors import NotBuiltError

POPULARITY_SHARE = 1e-6  # popular items follow after all that was had before


class Popularity:
    """Items by their number of positive events."""

    def __init__(self, name="popularity"):
        self.name = name

    def fit(self, train, items):
        """Counts the events of each item."""
        self._scores = train.popularity().astype(np.float32)
        return self

    def score(self, queries):
        """The counts, for every query alike."""
        if not hasattr(self, "_scores"):
            raise NotBuiltError(f"{self.name} is empty. Call `fit` before `score`.")
        return np.tile(self._scores, (len(queries), 1))


class RecentPopularity(Popularity):
    """Items by their positive events, each halved every `half_life_days` days.

    Args:
        half_life_days: positive float.
    """

    def __init__(self, half_life_days=30.0, name="recent popularity"):
        super().__init__(name)
        self.half_life_days = half_life_days

    def fit(self, train, items):
        """Counts the events of each item, seen from the end of the log."""
        is_positive = train.labels == 1
        ages_s = train.timestamps.max(initial=0) - train.timestamps[is_positive]
        weights = TimeDecay(self.half_life_days)(None, ages_s, None)
        rows = train.item_rows[is_positive]
        counts = np.bincount(rows, weights, minlength=train.num_items)
        self._scores = counts.astype(np.float32)
        return self


class PersonalFrequency(HistoryRecommender):
    """Items by how often they stand in the history: the baseline where things repeat.

    Reference:
        Hu et al., Modeling Personalized Item Frequency Information for Next-basket
        Recommendation, SIGIR 2020, https://arxiv.org/abs/2006.00556
    """

    counts_repeats = True

    def __init__(self, name="personal frequency"):
        super().__init__(name)

    def _learn(self, train, items):
        """There is nothing to learn but popularity, which the base counts."""

    def _score(self, histories):
        return histories.toarray() + POPULARITY_SHARE * self._popularity
