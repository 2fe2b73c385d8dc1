"""The same list for everyone."""

import numpy as np

from tfrec.baselines.history_recipes import TimeDecay
from tfrec.errors import NotBuiltError


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
