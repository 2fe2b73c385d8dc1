"""Vectors of texts that were encoded before, kept in the graph."""

import math
from collections.abc import Callable

import tensorflow as tf

MAX_TEXTS = 10_000  # kept; with 400 dimensions, 16 MB
MAX_BYTES = 2_000  # of a text that is kept


class TextCache(tf.Module):
    """A text encoder that encodes a text once in a process.

    A profile comes with every request of its user, and a search with every request of
    a session. When the cache is full, it starts anew. It belongs to one version of a
    model on one server: another version has other vectors.

    Args:
        encode: callable from `[n]` strings, each once, to `[n, dim]` float32 vectors.
        dim: int, their size.

    Example:
        >>> lengths = lambda texts: tf.cast(tf.strings.length(texts), tf.float32)
        >>> cache = TextCache(lambda texts: lengths(texts)[:, None], 1)
        >>> cache(tf.constant(["sea", "", "sea"])).numpy().tolist()
        [[3.0], [0.0], [3.0]]
        >>> int(cache.size())
        1
    """

    def __init__(self, encode: Callable[[tf.Tensor], tf.Tensor], dim: int):
        super().__init__(name="text_cache")
        self.encode, self.dim = encode, dim
        self._table = tf.lookup.experimental.MutableHashTable(
            tf.string, tf.float32, default_value=tf.fill([dim], math.nan)
        )

    def __call__(self, texts: tf.Tensor) -> tf.Tensor:
        """`[n]` strings -> `[n, dim]` float tensor; zeros for `""`."""
        found = tf.ensure_shape(self._table.lookup(texts), [None, self.dim])
        has_text = texts != ""
        found = tf.where(has_text[:, None], found, 0.0)
        is_missing = tf.math.is_nan(found[:, 0])
        return tf.cond(
            tf.reduce_any(is_missing),
            lambda: self._with_missing(found, texts, is_missing),
            lambda: found,
        )

    def size(self) -> tf.Tensor:
        """Scalar int64 tensor: how many texts it holds."""
        return self._table.size()

    def _with_missing(self, found, texts, is_missing):
        new, places = tf.unique(tf.boolean_mask(texts, is_missing))
        vectors = self.encode(new)
        with tf.control_dependencies([self._keep(new, vectors)]):
            where = tf.where(is_missing)
            return tf.tensor_scatter_nd_update(found, where, tf.gather(vectors, places))

    def _keep(self, texts, vectors):
        """The op that keeps them; it needs a value, because it is conditional."""
        is_short = tf.strings.length(texts) <= MAX_BYTES
        texts = tf.boolean_mask(texts, is_short)[:MAX_TEXTS]
        vectors = tf.boolean_mask(vectors, is_short)[:MAX_TEXTS]
        table = self._table.resource_handle

        def put(change):
            def run():
                change(table_handle=table, keys=texts, values=vectors)
                return tf.constant(True)

            return run

        is_full = self.size() + tf.size(texts, tf.int64) > MAX_TEXTS
        start_anew, add = tf.raw_ops.LookupTableImportV2, tf.raw_ops.LookupTableInsertV2
        return tf.cond(is_full, put(start_anew), put(add))
