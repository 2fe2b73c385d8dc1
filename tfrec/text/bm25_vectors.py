"""Words of texts as vectors: projected BM25 features of a catalogue."""

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import tensorflow as tf

from tfrec.text.terms import NUM_BUCKETS, split_terms, term_weights
from tfrec.variables import table

BATCH = 1024  # texts
MAX_LEADING = 128  # directions
ARRAYS = ("idf", "places", "projection", "vectors")
NUMBERS = ("k1", "b", "mean_length", "is_whole", "num_known")


class Words(tf.Module):
    """Vectors whose inner products say how many rare words two texts share.

    Each text is a unit vector of BM25 weights over hashed words, projected so that
    inner products are kept as well as the dimension allows: the catalogue's leading
    directions (latent semantic analysis), at most 128 and half of all, in which the
    common words are, and a random projection of what they leave, so that the rare
    words, which tell items apart, are not lost. A catalogue of few items needs none.

    Args:
        k1: float, at least 0: how many repetitions of a word still count.
        b: float in [0, 1], how much the words of long texts are discounted.

    Attributes:
        vectors: `[n, dim]` float32 tensor, the catalogue's.
        is_whole: bool, whether nothing was lost.

    Reference:
        Deerwester et al., Indexing by Latent Semantic Analysis, JASIS 1990; Achlioptas,
        Database-friendly Random Projections, JCSS 2003,
        https://doi.org/10.1016/S0022-0000(03)00025-4
    """

    def __init__(self, k1=1.2, b=0.75):
        super().__init__(name="words")
        self.k1, self.b = k1, b

    def fit(self, texts, dim, seed=0):
        """Learns which words there are, and the directions to keep.

        Args:
            texts: `[n]` sequence of strings, the catalogue's.
            dim: int, directions kept, or fewer if there are no more.
            seed: int.

        Returns:
            The words themselves.
        """
        texts = np.asarray(texts, str)
        buckets = [split_terms(part) for part in _batches(texts)]
        frequency, num_words = _statistics(buckets)
        self.mean_length = max(num_words / len(texts), 1.0)
        idf = np.log1p((len(texts) - frequency + 0.5) / (frequency + 0.5))
        idf[frequency == 0] = 0.0  # a word that no item has finds nothing
        self.idf = tf.constant(idf, tf.float32)
        places = np.cumsum(frequency > 0) - 1  # bucket -> row of the projection
        self.places = tf.constant(places.clip(0), tf.int64)
        self.num_known = max(1, np.count_nonzero(frequency))
        features = scipy.sparse.vstack([self._matrix(part) for part in buckets])
        directions = _directions(features, dim, seed)
        self.is_whole = min(features.shape) - 1 <= dim
        self.projection = table(directions)
        self.vectors = tf.constant(self.in_batches(texts))
        return self

    def to_arrays(self):
        """Name -> array of all that was given or learnt, as `restore` takes it."""
        return {name: np.asarray(getattr(self, name)) for name in (*ARRAYS, *NUMBERS)}

    def restore(self, arrays):
        """Takes what `to_arrays` gave; returns the words themselves."""
        for name in NUMBERS:
            setattr(self, name, arrays[name].item())
        self.idf, self.places = map(tf.constant, (arrays["idf"], arrays["places"]))
        self.projection = table(arrays["projection"])
        self.vectors = tf.constant(arrays["vectors"])
        return self

    def __call__(self, texts):
        """Vectors of texts: `[n]` strings -> `[n, dim]`; 0 without known words."""
        features = self._features(split_terms(texts))
        return tf.sparse.sparse_dense_matmul(features, self.projection)

    def in_batches(self, texts):
        """Vectors of many texts, `[n, dim]` float32 array."""
        texts = np.asarray(texts, str)
        return np.concatenate([self(part).numpy() for part in _batches(texts)])

    def _features(self, buckets):
        """`[n, num_known]` sparse tensor of `[n, width]` buckets."""
        weights = term_weights(buckets, self.idf, self.mean_length, self.k1, self.b)
        counted = tf.where(weights != 0)
        places = tf.gather(self.places, tf.gather_nd(buckets, counted))
        indices = tf.stack([counted[:, 0], places], axis=1)
        shape = tf.stack([tf.shape(buckets, tf.int64)[0], self.num_known])
        return tf.SparseTensor(indices, tf.gather_nd(weights, counted), shape)

    def _matrix(self, buckets):
        features = self._features(buckets)
        shape = features.dense_shape.numpy()
        entries = (features.values.numpy(), features.indices.numpy().T)
        return scipy.sparse.csr_matrix(entries, shape)


def _batches(texts):
    """Parts of the texts, at least one, which may be empty."""
    return [texts[i : i + BATCH] for i in range(0, max(1, len(texts)), BATCH)]


def _statistics(buckets):
    """In how many texts each bucket stands, and how many words there are."""
    frequency, num_words = np.zeros(NUM_BUCKETS), 0
    for part in buckets:
        part = part.numpy()
        rows, columns = np.nonzero(part >= 0)
        pairs = np.unique(np.c_[rows, part[rows, columns]], axis=0)
        frequency += np.bincount(pairs[:, 1], minlength=NUM_BUCKETS)
        num_words += len(rows)
    return frequency, num_words


def _directions(features, dim, seed):
    """`[num_known, dim]`: leading directions of the features, and random ones."""
    num_known, most = features.shape[1], min(features.shape) - 1
    if features.nnz == 0 or most < 1:
        return np.zeros((num_known, 1), np.float32)
    rng = np.random.default_rng(seed)
    rank = most if most <= dim else min((dim + 1) // 2, MAX_LEADING)
    start = rng.normal(size=min(features.shape))
    _, _, leading = scipy.sparse.linalg.svds(features, k=rank, v0=start)
    num_random = min(dim, most) - rank
    signs = rng.choice([-1.0, 1.0], (num_known, num_random))
    rest = (signs - leading.T @ (leading @ signs)) / max(1, num_random) ** 0.5
    return np.concatenate([leading.T, rest], axis=1, dtype=np.float32)
