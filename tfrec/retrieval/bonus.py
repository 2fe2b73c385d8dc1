"""What is added to inner products, such as a boost of some candidates."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Bonus:
    """A number for each candidate and query of a batch, in units of the score.

    Args:
        added: function of catalogue rows `[batch or 1, n]` (int32, all real) and of
            each tensor in `per_query`, that gives a `[batch, n]` float tensor.
        largest: `[batch]` float tensor, which no candidate of a query exceeds.
        per_query: tensors `[batch, ...]` that `added` needs; as in `Filters`, it must
            not close over tensors that have a row per query.

    Example:
    >>> level = tf.constant([0.5])
    >>> bonus = Bonus(lambda rows, b: b[:, None] * tf.cast(rows, "float32"), level * 9,
    ...               (level,))
    >>> bonus.of(tf.constant([[1, 3]])).numpy().tolist()
    [[0.5, 1.5]]
    """

    added: Callable
    largest: tf.Tensor
    per_query: tuple = ()

    def of(self, rows):
        """`[batch, n]`: what the `[batch or 1, n]` real `rows` get."""
        return self.added(rows, *self.per_query)

    def take(self, queries):
        """The bonus of some queries, given by `[n]` places in the batch."""
        tensors = (tf.gather(tensor, queries) for tensor in self.per_query)
        return Bonus(self.added, tf.gather(self.largest, queries), tuple(tensors))
