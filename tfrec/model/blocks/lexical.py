"""Lexical block: the words of the texts, as projected BM25 features."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import tensorflow as tf

from tfrec.index.table import table
from tfrec.model.blocks.memory import MemoryBlock
from tfrec.model.blocks.terms import NUM_BUCKETS, split_terms, term_weights

BATCH = 1024  # texts


class LexicalBlock(MemoryBlock):
    """Items whose words are those of the items met, or of a free-text query.

    Each text is a unit vector of BM25 weights over hashed words, projected so that
    inner products are kept as well as the dimension allows: half of it are the
    catalogue's leading directions (latent semantic analysis), in which the common words
    are, and half a random projection of what they leave, so that the rare words, which
    tell items apart, are not lost. A catalogue of few items needs no random half.

    Args:
        dim: int, directions kept.
        half_life: float, events.
        seed: int.

    Reference:
        Deerwester et al., Indexing by Latent Semantic Analysis, JASIS 1990; Achlioptas,
        Database-friendly Random Projections, JCSS 2003,
        https://doi.org/10.1016/S0022-0000(03)00025-4
    """

    def __init__(self, dim, half_life=20.0, seed=0):
        super().__init__(name="lexical")
        self.max_dim, self.seed = dim, seed
        self.half_lives, self.scales = [half_life], [1.0]

    def fit(self, interactions, catalogue, text_vectors):
        """Learns words' weights and the projection from the catalogue's texts."""
        texts = np.asarray(catalogue.texts, str)
        buckets = [split_terms(part).numpy() for part in _batches(texts)]
        self.idf, self.mean_length = _statistics(buckets, len(texts))
        features = scipy.sparse.vstack([self._sparse(part) for part in buckets])
        self.projection = table(_directions(features, self.max_dim, self.seed))
        encoded = [self.encode(part) for part in _batches(texts)]
        self.candidates = tf.concat(encoded, axis=0)
        self.memory = table(self.candidates[:, None, :])
        return self

    def encode(self, texts):
        """Projected features: `[n]` strings -> `[n, dim]`; 0 without known words."""
        buckets = split_terms(texts)
        weights = term_weights(buckets, self.idf, self.mean_length)
        vectors = tf.gather(self.projection, tf.maximum(buckets, 0))
        return tf.reduce_sum(vectors * weights[..., None], axis=1)

    def text_query(self, texts):
        """What a free text adds to `query`: as if an item of that text was met."""
        return self.encode(texts)

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: their words."""
        return self.encode(texts)

    def new_memories(self, texts, text_vectors):
        """What having met new items says: their words."""
        return self.encode(texts)

    def _sparse(self, buckets):
        weights = term_weights(tf.constant(buckets), self.idf, self.mean_length)
        weights = weights.numpy()
        rows, columns = np.nonzero(buckets >= 0)
        return scipy.sparse.csr_matrix(
            (weights[rows, columns], (rows, buckets[rows, columns])),
            shape=(len(buckets), NUM_BUCKETS),
        )


def _batches(texts):
    return [texts[i : i + BATCH] for i in range(0, len(texts), BATCH)]


def _statistics(buckets, num_texts):
    """Inverse document frequency of each bucket, and the mean length of a text."""
    frequency = np.zeros(NUM_BUCKETS)
    num_words = 0
    for part in buckets:
        rows, columns = np.nonzero(part >= 0)
        pairs = np.unique(np.c_[rows, part[rows, columns]], axis=0)
        frequency += np.bincount(pairs[:, 1], minlength=NUM_BUCKETS)
        num_words += len(rows)
    idf = np.log1p((num_texts - frequency + 0.5) / (frequency + 0.5))
    idf[frequency == 0] = 0.0  # a word that no item has finds nothing
    return tf.constant(idf, tf.float32), max(num_words / num_texts, 1.0)


def _directions(features, dim, seed):
    """`[NUM_BUCKETS, dim]`: leading directions of the features, and random ones."""
    most = min(features.shape) - 1
    if features.nnz == 0 or most < 1:
        return np.zeros((NUM_BUCKETS, 1), np.float32)
    rng = np.random.default_rng(seed)
    rank = most if most <= dim else (dim + 1) // 2
    start = rng.normal(size=min(features.shape))
    _, _, leading = scipy.sparse.linalg.svds(
        features.astype(np.float32), k=rank, v0=start
    )
    num_random = min(dim, most) - rank
    signs = rng.choice([-1.0, 1.0], (NUM_BUCKETS, num_random))
    rest = (signs - leading.T @ (leading @ signs)) / max(1, num_random) ** 0.5
    return np.concatenate([leading.T, rest], axis=1, dtype=np.float32)
