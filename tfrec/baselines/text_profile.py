"""Content profiles: items whose words, categories or vectors are like the history's."""

import re
import unicodedata
from collections import Counter

import numpy as np
from scipy import sparse

from tfrec.baselines.histories import HistoryRecommender
from tfrec.baselines.history_recipes import RankDecay, by_value, uniform
from tfrec.errors import DataError

# Scripts without spaces between words are read character by character.
UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
TERM = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")


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


class InterestDegree(HistoryRecommender):
    """Interest in a category = its rating-weighted share of the history.

    An item scores the mean interest in its categories, each counted by how rare
    it is. Catalogues without categories use the words of the texts instead.
    """

    def __init__(self, weighting=by_value, name="interest degree"):
        super().__init__(name, weighting)

    def _learn(self, train, items):
        categories = [c.split("|") if c else [] for c in items.frame["category"]]
        lists = categories if any(categories) else [terms(t) for t in items.texts]
        counts = count_matrix(lists)
        self._features = unit_rows(counts @ sparse.diags_array(idf(counts)))

    def _score(self, histories):
        interests = (histories @ self._features).toarray()  # [queries, categories]
        return (self._features @ interests.T).T


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


def terms(text):
    """Lower-cased words without accents, in order.

    Example:
    >>> terms("Café Müller, 1985")
    ['cafe', 'muller', '1985']
    """
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return TERM.findall("".join(c for c in decomposed if not unicodedata.combining(c)))


def count_matrix(lists):
    """How often each term stands in each list.

    Args:
        lists: lists of strings.

    Returns:
        `[len(lists), num_terms]` float32 CSR matrix, terms sorted.
    """
    counts = [Counter(each) for each in lists]
    vocabulary = {term: i for i, term in enumerate(sorted(set().union(*counts)))}
    columns = [vocabulary[term] for each in counts for term in each]
    values = [count for each in counts for count in each.values()]
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in counts])])
    shape = (len(counts), len(vocabulary))
    return sparse.csr_matrix((np.array(values, np.float32), columns, offsets), shape)


def idf(counts):
    """`[num_terms]` float32: log of how rare each term is, never negative."""
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = (counts.shape[0] - frequency + 0.5) / (frequency + 0.5)
    return np.log1p(rarity).astype(np.float32)


def unit_rows(matrix):
    """`matrix` with rows of length 1; empty rows stay empty."""
    lengths = sparse.linalg.norm(matrix, axis=1)
    return (sparse.diags_array(1.0 / np.maximum(lengths, 1e-12)) @ matrix).tocsr()
