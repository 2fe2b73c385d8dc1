"""What users wrote, as the parts of an embedding read it."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf


class WrittenTexts(NamedTuple):
    """Texts of each query, such as the free text, and those of events."""

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

    def each_of(self, model, scorers) -> list[tf.Tensor]:
        """What each text says in each part of an embedding.

        Args:
            model: `TwoTower`.
            scorers: list of fitted `Scorer`s.

        Returns:
            List of `[batch, n, size]` tensors, the towers' first.
        """
        reads = [tower_reading(model), *map(scorer_reading, scorers)]
        return [self.each(read) for read in reads]

    def times(self, weight: float) -> "WrittenTexts":
        """The same texts, counting as much more or less."""
        return self._replace(weights=self.weights * weight)

    def latest(self, width: int | tf.Tensor) -> "WrittenTexts":
        """The last `width` of each query."""
        start = tf.shape(self.texts)[1] - width
        return WrittenTexts(*(tensor[:, start:] for tensor in self))


def tower_reading(model):
    """How a `TwoTower` reads texts, as `WrittenTexts.each` takes it."""

    def read(_, vectors):
        units = tf.math.l2_normalize(vectors, -1)  # as in training
        return tf.cast(model.text_query(units), tf.float32)

    return read


def scorer_reading(scorer):
    """How a fitted `Scorer` reads texts."""
    return lambda texts, _: scorer.text_query(texts)
