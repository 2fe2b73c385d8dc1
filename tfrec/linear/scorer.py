"""The scorers of the embedding: parts of one inner product.

An embedding is `[neural | collaborative | lexical | prior]`. The query's side of a
scorer is computed in the graph from the live history; the candidates' side is
stored with the catalogue. A scorer learns from the log in closed form (`fit`), so it
works from the first day, and the neural towers add what it cannot express.
"""

import tensorflow as tf


class Scorer(tf.Module):
    """One part of the embedding.

    A subclass sets `candidates`, `[num_items, dim]` float32, in `fit`.
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
    reads_dislikes = False  # whether it is told of kinds that never speak of interest

    @property
    def dim(self):
        """Size of this part of the embedding."""
        return self.candidates.shape[1]

    @property
    def memory_dim(self):
        """How many numbers say what having met an item means; 0 without a memory."""
        return 0

    def query(self, history, now, new_memories=None):
        """The query's side.

        Args:
            history: `History`; rows from the size of the catalogue on are of items
                that are not in it.
            now: `[batch]` int64 tensor.
            new_memories: `[n, memory_dim]` float tensor of these, or None if there
                are none.

        Returns:
            `[batch, dim]` float tensor.
        """
        raise NotImplementedError

    def new_memories(self, texts, text_vectors):
        """What having met items says that are not in the catalogue.

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
        """Each event's share of what sets scores apart; 0 without a memory.

        Args:
            history: `History`.
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
