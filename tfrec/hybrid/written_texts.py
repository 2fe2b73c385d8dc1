"""What users wrote, as the parts of an embedding read it."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class WrittenTexts(NamedTuple):
    """Texts of each query: first the free text, then those of events."""

    texts: tf.Tensor  # [batch, n] string, "" for none
    vectors: tf.Tensor  # [batch, n, text_dim], the text tower's
    weights: tf.Tensor  # [batch, n] float32

    def each(self, read: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> tf.Tensor:
        """What each text says, weighted.

        Args:
            read: from `[m]` texts and their `[m, text_dim]` vectors to `[m, size]`.

        Returns:
            `[batch, n, size]` float32 tensor.
        """
        texts = tf.reshape(self.texts, [-1])
        vectors = tf.reshape(self.vectors, [-1, self.vectors.shape[-1]])
        found = read(texts, vectors)
        shape = tf.concat([tf.shape(self.texts), tf.shape(found)[1:]], axis=0)
        return tf.reshape(found, shape) * self.weights[..., None]

    def events(self) -> "WrittenTexts":
        """The texts of events alone."""
        return WrittenTexts(*(tensor[:, 1:] for tensor in self))
