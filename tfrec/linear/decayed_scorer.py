"""Scorers whose query is a decayed sum over the history: `sum_j w_j memory[item_j]`."""

import tensorflow as tf

from tfrec.linear.scorer import Scorer
from tfrec.variables import take_rows


class DecayedScorer(Scorer):
    """A scorer with, for each item, what having met it says about other items.

    An event's weight halves with every `half_life` events that came after it. With
    several half-lives an item has one memory vector for each: what the last event
    says and what the whole history says are learnt apart, and added.

    A subclass sets `memory` `[num_items, num_decays, dim]`, `candidates`
    `[num_items, dim]`, `half_lives` and `scales`, one for each decay.
    """

    def event_weights(self, history):
        """Weights of the events: `History` -> `[batch, length, num_decays]`."""
        ranks = tf.cast(history.ranks, tf.float32)[..., None]
        weights = tf.constant(self.scales) * 0.5 ** (
            ranks / tf.constant(self.half_lives)
        )
        return tf.where(history.mask[..., None], weights, 0.0)

    @property
    def memory_dim(self):
        """Numbers of one item's memory, all decays together."""
        return self.memory.shape[1] * self.memory.shape[2]

    def query(self, history, now, new_memories=None):
        """The query's side: the events' memories, decayed and added."""
        memory = self._event_memories(history, new_memories)
        shape = tf.shape(memory)  # [batch, length, num_decays, dim]
        memory = tf.reshape(memory, [shape[0], -1, memory.shape[-1]])
        weights = tf.reshape(self.event_weights(history), [shape[0], 1, -1])
        return tf.matmul(weights, memory)[:, 0]

    def contributions(self, history, now, apart, new_memories=None):
        """Each event's share of what sets the scores apart, `[batch, n, length]`."""
        events = self._event_vectors(history, new_memories)
        return tf.matmul(apart, events, transpose_b=True)

    def _event_vectors(self, history, new_memories):
        memory = self._event_memories(history, new_memories)
        weights = self.event_weights(history)[..., None]
        return tf.reduce_sum(memory * weights, axis=2)  # [batch, length, dim]

    def _event_memories(self, history, new_memories):
        if new_memories is not None:
            new_memories = tf.reshape(new_memories, [-1, *self.memory.shape[1:]])
        return take_rows(self.memory, new_memories, history.item_rows)
