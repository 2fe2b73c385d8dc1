"""Profiles of words: items whose texts are like those of the history."""

import numpy as np
from scipy import sparse

from tfrec.baselines.history_recipes import RankDecay
from tfrec.baselines.history_recommender import HistoryRecommender
from tfrec.baselines.terms import count_matrix, idf, terms, unit_rows


class TextProfile(HistoryRecommender):
    """Weighted sum of the history's word vectors against each item's.

    Subclasses say in `_vectors` what the vectors are.
    """

    def _learn(self, train, items):
        counts = count_matrix([terms(text) for text in items.texts])
        self._asking, self._answering = self._vectors(counts)

    def _score(self, histories):
        profiles = (histories @ self._asking).toarray()
        return (self._answering @ profiles.T).T

    def _vectors(self, counts):
        """Item vectors in the role of history and of candidate, from word counts."""
        raise NotImplementedError


class TfidfProfile(TextProfile):
    """Cosine between TF-IDF vectors.

    Args:
        half_life: positive float, events back until an item counts half.

    Reference:
        Lops, de Gemmis and Semeraro, Content-based recommender systems, 2011,
        https://doi.org/10.1007/978-0-387-85820-3_3
    """

    def __init__(self, half_life=8.0, name="TF-IDF profile"):
        super().__init__(name, RankDecay(half_life))

    def _vectors(self, counts):
        vectors = counts.copy()
        vectors.data = 1.0 + np.log(vectors.data)
        vectors = unit_rows(vectors @ sparse.diags_array(idf(counts)))
        return vectors, vectors


class Bm25Profile(TextProfile):
    """The words of the history as a query to BM25.

    Args:
        k1: positive float, how fast repeated words stop counting.
        b: float in [0, 1], how much long texts are held against an item.
        half_life: positive float, events back until an item counts half.

    Reference:
        Robertson and Zaragoza, The probabilistic relevance framework: BM25 and
        beyond, 2009, https://doi.org/10.1561/1500000019
    """

    def __init__(self, k1=1.2, b=0.75, half_life=8.0, name="BM25 profile"):
        super().__init__(name, RankDecay(half_life))
        self.k1 = k1
        self.b = b

    def _vectors(self, counts):
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        relative = lengths / max(lengths.mean(), 1e-12)
        damping = self.k1 * (1.0 - self.b + self.b * relative)
        damping = np.repeat(damping, np.diff(counts.indptr))
        answering = counts.copy()
        answering.data = counts.data * (self.k1 + 1.0) / (counts.data + damping)
        answering = (answering @ sparse.diags_array(idf(counts))).tocsr()
        return unit_rows(answering), answering
