"""How like a search the texts of items are."""

import tensorflow as tf

from tfrec.variables import table

WORDS = 0.5  # of the likeness of words, beside that by the encoder


class TextMatch(tf.Module):
    """Vectors of items' texts; their inner product with that of a search ranks them.

    A vector is two of length 1, side by side: what the encoder makes of a text, and its
    words. The words of a search count half.

    Args:
        model: `TwoTower` with a text encoder.
        weight: float, how much a search counts beside what is known of a person.

    Attributes:
        vectors: `[num_items, dim]` float32 variable.
    """

    def __init__(self, model, weight):
        super().__init__(name="text_match")
        self.weight, self._encoder_dim = weight, model.query_text_encoder.dim
        self.vectors = table(self.units(model.texts.searches.vectors))

    @property
    def dim(self):
        """Size of the vectors."""
        return self.vectors.shape[1]

    def units(self, text_vectors):
        """Vectors of texts: `[..., text_dim]`, as the tables have it -> the same."""
        encoded = text_vectors[..., : self._encoder_dim]
        words = text_vectors[..., self._encoder_dim :]
        parts = [tf.math.l2_normalize(each, -1) for each in (encoded, words)]
        return tf.concat(parts, axis=-1)

    def queries(self, text_vectors):
        """The same of searches, with their weights; 0 for none."""
        units, numbers = self.units(text_vectors), tf.range(self.dim)
        share = tf.where(numbers < self._encoder_dim, 1.0, WORDS)
        return self.weight * share * units
