"""What is added to inner products, such as a boost of some candidates."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Bonus:
    """A number for each candidate and query of a batch, in units of the score.

    It costs nothing where no query of a batch has one.

    Args:
        added: function of catalogue rows `[batch or 1, n]` (int32, all real) and of
            each tensor in `per_query`, that gives a `[batch, n]` float tensor.
        largest: `[batch]` float tensor, which no candidate of a query exceeds.
        per_query: tensors `[batch, ...]` that `added` needs; as in `Filters`, it must
            not close over tensors that have a row per query.
        is_asked: scalar bool tensor: whether any query of the batch has a bonus.

    Example:
    >>> level = tf.constant([0.5])
    >>> bonus = Bonus(lambda rows, b: b[:, None] * tf.cast(rows, "float32"), level * 9,
    ...               (level,))
    >>> bonus.raised([[1.0, 1.0]], tf.constant([[1, 3]])).numpy().tolist()
    [[1.5, 2.5]]
    """

    added: Callable
    largest: tf.Tensor
    per_query: tuple = ()
    is_asked: tf.Tensor | bool = True

    def raised(self, scores, rows):
        """`[batch, n]` scores of the `[batch or 1, n]` real `rows`, with the bonus."""

        def added():
            return scores + self.added(rows, *self.per_query)

        return tf.cond(self.is_asked, added, lambda: scores)

    def take(self, queries):
        """The bonus of some queries, given by `[n]` places in the batch."""
        tensors = (tf.gather(tensor, queries) for tensor in self.per_query)
        largest = tf.gather(self.largest, queries)
        return Bonus(self.added, largest, tuple(tensors), self.is_asked)
