"""Nearest neighbours among items that the same people chose."""

import numpy as np
from scipy import sparse

from tfrec.baselines.histories import HistoryRecommender
from tfrec.baselines.history_recipes import RankDecay

ITEMS_AT_ONCE = 512  # bounds memory


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
        users = train.user_item_matrix()
        norms = np.sqrt(np.asarray(users.sum(axis=0)).ravel())  # entries are 1
        blocks = []
        for start in range(0, train.num_items, ITEMS_AT_ONCE):
            block = np.arange(start, min(start + ITEMS_AT_ONCE, train.num_items))
            together = (users[:, block].T @ users).tocoo()
            rows, columns = block[together.row], together.col
            similarity = together.data / (norms[rows] * norms[columns] + self.shrink)
            similarity[rows == columns] = 0.0  # no item is its own neighbour
            blocks.append(
                sparse.csr_matrix((similarity, together.coords), together.shape)
            )
            _keep_largest(blocks[-1], self.neighbours)
        self._similarity = sparse.vstack(blocks).T.tocsr()

    def _score(self, histories):
        return (histories @ self._similarity).toarray()


def _keep_largest(matrix, k):
    """Takes all but the `k` largest entries (and their equals) out of each row."""
    for start, end in zip(matrix.indptr, matrix.indptr[1:], strict=False):
        row = matrix.data[start:end]
        if len(row) > k:
            row[row < np.partition(row, -k)[-k]] = 0.0
    matrix.eliminate_zeros()
