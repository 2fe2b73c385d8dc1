"""Nearest neighbours among items that the same people chose."""

import numpy as np
from scipy import sparse

from tfrec.baselines.histories import user_item_matrix
from tfrec.baselines.history_recommender import HistoryRecommender
from tfrec.baselines.weighting import RankDecay

COLUMNS_AT_ONCE = 512  # bounds memory: 512 x num_items similarities


class ItemKnn(HistoryRecommender):
    """Sum of cosine similarities to the items of the history.

    Args:
        neighbours: int, most similar items kept per item.
        shrink: float, added to the denominator so that two items chosen by few
            people are not taken for twins.
        half_life: positive float, events back until an item counts half.

    Reference:
        Deshpande and Karypis, Item-based top-N recommendation algorithms, 2004,
        https://doi.org/10.1145/963770.963776
    """

    def __init__(self, neighbours=500, shrink=5.0, half_life=3.0, name="item-kNN"):
        super().__init__(name, RankDecay(half_life))
        self.neighbours = neighbours
        self.shrink = shrink

    def _learn(self, train, items):
        users = user_item_matrix(train)
        norms = np.sqrt(np.asarray(users.sum(axis=0)).ravel())  # entries are 1
        blocks = []
        for start in range(0, train.num_items, COLUMNS_AT_ONCE):
            block = slice(start, start + COLUMNS_AT_ONCE)
            together = (users.T @ users[:, block]).toarray()
            own = np.arange(together.shape[1])
            together[own + start, own] = 0.0  # no item is its own neighbour
            similarity = together / (norms[:, None] * norms[block] + self.shrink + 1e-9)
            blocks.append(sparse.csc_matrix(_largest(similarity, self.neighbours)))
        self._similarity = sparse.hstack(blocks, format="csr")

    def _score(self, histories):
        return (histories @ self._similarity).toarray()


def _largest(columns, k):
    """`columns` with all but the `k` largest entries of each set to 0."""
    if k >= len(columns):
        return columns
    threshold = np.partition(columns, -k, axis=0)[-k]
    return np.where(columns >= threshold, columns, 0.0)
