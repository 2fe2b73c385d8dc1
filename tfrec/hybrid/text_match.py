"""How like a search the texts of items are."""

import tensorflow as tf

from tfrec.variables import table, take_rows


class TextMatch(tf.Module):
    """Finds items whose texts are like a search, and says how like they are.

    Likeness is the inner product of two vectors of length 1, what the encoder makes of
    either text, and that of their words. A table of both finds items. Where the model
    has a `Bm25Scorer`, whose words may have more directions, these decide between them.

    Args:
        model: `TwoTower` with a text encoder.
        weight: float, how much likeness counts beside what is known of a person.
        words: fitted `Bm25Scorer`, or None.

    Attributes:
        vectors: `[num_items, dim]` float32 variable, the table.
    """

    def __init__(self, model, weight, words=None):
        super().__init__(name="text_match")
        self.weight, self.words = weight, words
        self._encoder_dim = model.query_text_encoder.dim
        self.vectors = table(self.units(model.texts.searches.vectors))

    @property
    def dim(self):
        """Size of the table's vectors."""
        return self.vectors.shape[1]

    @property
    def query_dim(self):
        """Size of `queries`."""
        return self.dim + (self.words.dim if self.words else 0)

    def units(self, text_vectors):
        """The table's vectors of texts: `[n, text_dim]` -> `[n, dim]`."""
        encoded = text_vectors[:, : self._encoder_dim]
        words = text_vectors[:, self._encoder_dim :]
        parts = [tf.math.l2_normalize(each, -1) for each in (encoded, words)]
        return tf.concat(parts, axis=1)

    def queries(self, text_vectors, texts):
        """Vectors of searches, with their weight; 0 for none.

        Args:
            text_vectors: `[n, text_dim]` float tensor.
            texts: `[n]` string tensor.

        Returns:
            `[n, query_dim]` float tensor; the first `dim` columns ask the table.
        """
        parts = [self.units(text_vectors)]
        if self.words:
            parts.append(self.words.text_query(texts))
        return self.weight * tf.concat(parts, axis=1)

    def likeness(self, queries, rows, new_vectors=None, new_words=None):
        """How like searches items are, weighted.

        Args:
            queries: `[batch, query_dim]` float tensor.
            rows: `[batch or 1, n]` int32 tensor; -1 reads row 0.
            new_vectors: `[m, dim]` float tensor of items after the catalogue, or None.
            new_words: `[m, words.memory_dim]` float tensor of the same, or None.

        Returns:
            `[batch, n]` float tensor.
        """
        vectors = take_rows(self.vectors, new_vectors, rows)
        if not self.words:
            return _inner(vectors, queries)
        if new_words is not None:
            new_words = new_words[:, None]
        words = take_rows(self.words.memory, new_words, rows)[..., 0, :]
        encoded = _inner(vectors[..., : self._encoder_dim], queries)
        return encoded + _inner(words, queries[:, self.dim :])


def _inner(vectors, queries):
    """`[batch or 1, n, size]`, `[batch, at least size]` -> `[batch, n]`."""
    queries = queries[:, : vectors.shape[-1], None]
    return tf.matmul(vectors, queries)[..., 0]


def text_match(model, scorers, weight):
    """The `TextMatch` of a `TwoTower` and its scorers; None if texts do not count."""
    if model.query_text_encoder is None or not weight:
        return None
    words = [each for each in scorers if each.name == "bm25"]
    return TextMatch(model, weight, *words)
