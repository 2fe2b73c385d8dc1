"""Profiles of dense text vectors."""

import numpy as np

from tfrec.baselines.history_recipes import uniform
from tfrec.baselines.history_recommender import HistoryRecommender
from tfrec.errors import DataError


class VectorProfile(HistoryRecommender):
    """Weighted mean of the history's text vectors against each item's.

    Args:
        vectors: `[num_items, dim]` float array; rows are brought to length 1.
    """

    def __init__(self, vectors, weighting=uniform, name="mean text vector"):
        super().__init__(name, weighting)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        self._vectors = np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)

    def _learn(self, train, items):
        if len(self._vectors) != len(items):
            raise DataError(
                "`vectors` must have one row per item. "
                f"Received: {len(self._vectors)} vectors and {len(items)} items."
            )

    def _score(self, histories):
        return (histories @ self._vectors) @ self._vectors.T
