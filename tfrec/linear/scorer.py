"""The contract of the closed-form scorers: parts of one inner product.

An embedding is `[towers | item_to_item | bm25 | popularity | rating_factors]`, or what
of these counts. The query's side of a scorer is computed in the graph from the live
history; the candidates' side is stored with the catalogue. A scorer learns from the log
in closed form (`fit`), so it works from the first day, and the towers add what it
cannot express.
"""

import numpy as np
import tensorflow as tf

from tfrec.variables import take_rows


class Scorer(tf.Module):
    """One part of the embedding.

    A subclass sets `candidates`, `[num_items, dim]` float32, in `fit`. One whose query
    is made of vectors of the history's items gives those of new items by
    `new_memories`, of `memory_dim` numbers each.
    """

    def fit(self, interactions, catalogue, text_vectors):
        """Learns from a log.

        Args:
            interactions: `Interactions` to learn from.
            catalogue: `Catalogue`.
            text_vectors: `[num_items, text_dim]` float tensor, the text tower's.

        Returns:
            The scorer itself.
        """
        raise NotImplementedError

    def can_learn(self, interactions):
        """Whether a log holds what the scorer learns from."""
        return True

    informs_probability = False  # whether it is kept even if it ranks nothing
    reads_dislikes = False  # whether its history holds kinds that never mean interest

    @property
    def dim(self):
        """Size of this part of the embedding."""
        return self.candidates.shape[1]

    @property
    def memory_dim(self):
        """Numbers of an item in the query's history; 0 if it needs none."""
        return 0

    def history_weight(self, length):
        """How much a history of some events weighs beside its latest event alone.

        Args:
            length: int, events.

        Returns:
            float, 1 for a scorer that does not add events up.
        """
        return 1.0

    def query(self, history, now, new_memories=None):
        """The query's side.

        Args:
            history: `HistoryBatch`; rows from the size of the catalogue on are of items
                that are not in it.
            now: `[batch]` int64 tensor.
            new_memories: `[n, memory_dim]` float tensor of these, or None if there
                are none.

        Returns:
            `[batch, dim]` float tensor.
        """
        raise NotImplementedError

    def new_memories(self, texts, text_vectors):
        """Vectors, in the query's history, of items that are not in the catalogue.

        Args:
            texts: `[n]` string tensor.
            text_vectors: `[n, text_dim]` float tensor, the text tower's.

        Returns:
            `[n, memory_dim]` float tensor.
        """
        return tf.zeros([tf.shape(texts)[0], 0])

    def text_query(self, texts):
        """What a free text adds to `query`: `[batch]` strings -> `[batch, dim]`."""
        return tf.zeros([tf.shape(texts)[0], self.dim])

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of items that are not in the catalogue.

        Args:
            texts: `[n]` string tensor.
            text_vectors: `[n, text_dim]` float tensor, the text tower's.

        Returns:
            `[n, dim]` float tensor.
        """
        raise NotImplementedError

    def contributions(self, history, now, apart, new_memories=None):
        """Each event's share of what sets scores apart; 0 if it has no such shares.

        Args:
            history: `HistoryBatch`.
            now: `[batch]` int64 tensor.
            apart: `[batch, n, dim]` float tensor, the candidates' side of the scorer
                less the catalogue's mean.
            new_memories: as in `query`.

        Returns:
            `[batch, n, length]` float tensor.
        """
        length = tf.shape(history.item_rows)[1]
        shape = tf.concat([tf.shape(apart)[:2], [length]], axis=0)
        return tf.zeros(shape)


class DecayedScorer(Scorer):
    """A scorer whose query is `sum_j w_j memory[item_j]` over the history's events.

    An event's weight `w_j` halves with every `half_life` events that came after it;
    with an infinite one, all events count alike.
    With several half-lives an item has one vector for each: what the last event says
    and what the whole history says are learnt apart, and added.

    A subclass sets `memory` `[num_items, num_decays, dim]`, the items' vectors on the
    query's side, `candidates` `[num_items, dim]`, `half_lives` and `scales`, one for
    each decay.
    """

    def event_weights(self, history):
        """Weights of the events: `HistoryBatch` -> `[batch, length, num_decays]`."""
        ranks = tf.cast(history.ranks, tf.float32)[..., None]
        weights = tf.constant(self.scales) * 0.5 ** (
            ranks / tf.constant(self.half_lives)
        )
        return tf.where(history.mask[..., None], weights, 0.0)

    def history_weight(self, length):
        """By the fastest decay, which says what the latest events say."""
        return float(np.sum(0.5 ** (np.arange(length) / min(self.half_lives))))

    @property
    def memory_dim(self):
        """Numbers of an item in the query's history, all decays together."""
        return self.memory.shape[1] * self.memory.shape[2]

    def query(self, history, now, new_memories=None):
        """The query's side: the vectors of the events' items, decayed and added."""
        vectors = self._item_vectors(history, new_memories)
        batch = tf.shape(vectors)[0]  # of [batch, length, num_decays, dim]
        vectors = tf.reshape(vectors, [batch, -1, vectors.shape[-1]])
        weights = tf.reshape(self.event_weights(history), [batch, 1, -1])
        return tf.matmul(weights, vectors)[:, 0]

    def contributions(self, history, now, apart, new_memories=None):
        """Each event's share of what sets the scores apart, `[batch, n, length]`."""
        events = self._event_vectors(history, new_memories)
        return tf.matmul(apart, events, transpose_b=True)

    def _event_vectors(self, history, new_memories):
        vectors = self._item_vectors(history, new_memories)
        weights = self.event_weights(history)[..., None]
        return tf.reduce_sum(vectors * weights, axis=2)  # [batch, length, dim]

    def _item_vectors(self, history, new_memories):
        if new_memories is not None:
            new_memories = tf.reshape(new_memories, [-1, *self.memory.shape[1:]])
        return take_rows(self.memory, new_memories, history.item_rows)
