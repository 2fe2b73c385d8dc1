"""What people chose next, counted."""

import numpy as np
from scipy import sparse

from tfrec.baselines.histories import HistoryRecommender
from tfrec.baselines.history_recipes import RankDecay


class Transitions(HistoryRecommender):
    """Items that follow the latest ones in other people's histories.

    Args:
        window: int, events ahead that count as following.
        gap_half_life: positive float, gaps in events; nearer followers count more.
        popularity_power: float in [0, 1]; counts are divided by the follower's
            popularity to this power.
        shrink: float, added to the number of times the first item was left, so
            that what is known of rare items counts less.
        half_life: positive float, events back until an item counts half.

    Reference:
        Ludewig and Jannach, Evaluation of session-based recommendation algorithms,
        2018 (sequential rules), https://doi.org/10.1007/s11257-018-9209-6
    """

    def __init__(
        self,
        window=30,
        gap_half_life=4.0,
        popularity_power=0.2,
        shrink=100.0,
        half_life=3.0,
        name="transitions",
    ):
        super().__init__(name, RankDecay(half_life))
        self.window = window
        self.gap_half_life = gap_half_life
        self.popularity_power = popularity_power
        self.shrink = shrink

    def _learn(self, train, items):
        log = train.select(train.labels == 1)
        counts = sparse.csr_matrix((train.num_items, train.num_items), dtype=np.float32)
        for gap in range(1, self.window + 1):
            counts += _followers(log, gap) * 0.5 ** ((gap - 1) / self.gap_half_life)
        left = np.asarray(counts.sum(axis=1)).ravel()
        popularity = np.maximum(train.popularity(), 1) ** self.popularity_power
        rows = sparse.diags_array(1.0 / np.maximum(left + self.shrink, 1e-9))
        columns = sparse.diags_array(1.0 / popularity)
        self._weights = (rows @ counts @ columns).astype(np.float32).tocsr()

    def _score(self, histories):
        return (histories @ self._weights).toarray()


def _followers(log, gap):
    """How often the second item came `gap` events after the first, by one user."""
    is_same_user = log.user_rows[gap:] == log.user_rows[:-gap]
    first, second = (
        log.item_rows[:-gap][is_same_user],
        log.item_rows[gap:][is_same_user],
    )
    is_other = first != second
    shape = (log.num_items, log.num_items)
    ones = np.ones(np.count_nonzero(is_other), np.float32)
    return sparse.csr_matrix((ones, (first[is_other], second[is_other])), shape)
