"""Collaborative block: which items follow which, as a low-rank memory."""

import numpy as np
import tensorflow as tf

from tfrec.model.blocks.item_regression import (
    MAX_POSITIONS,
    moments,
    solve,
    truncate,
)
from tfrec.model.blocks.memory import MemoryBlock

MAX_COLUMNS = 6000  # items, the most popular; the others are known by their text
BACKWARD_SHARE = 0.5  # weight of the log read from its end
RIDGE = 300.0  # at 80 000 positions; grows with their number
NUM_NEIGHBOURS, LIKENESS_SCALE = 10, 0.05  # of items that only their text tells of
BATCH = 1024  # items
RECENCY_HALF_LIFE = 0.55  # of the time that the log spans


class CollaborativeBlock(MemoryBlock):
    """Next items by ridge regression on two decays of the history.

    The log is learnt from in both directions: what follows an item, and, with less
    weight, what came before it.

    Args:
        dim: int, rank of the memory.
        seed: int, of the sample of positions from a large log.
    """

    def __init__(self, dim, seed=0):
        super().__init__(name="collaborative")
        self.max_dim, self.seed = dim, seed
        self.half_lives, self.scales = [2.0, 20.0], [1.0, 0.5]

    def fit(self, interactions, catalogue, text_vectors):
        """Solves the regression; items outside it get what their texts suggest."""
        columns = _columns(catalogue.num_events)
        forward = self._moments(interactions, columns, is_reversed=False)
        backward = self._moments(interactions, columns, is_reversed=True)
        sums = forward + BACKWARD_SHARE * backward
        coefficients = solve(sums, RIDGE)
        counts = catalogue.num_events[columns >= 0]
        queries, candidates = truncate(
            coefficients, forward.xx, counts**-0.5, self.max_dim
        )
        num_decays = len(self.half_lives)
        queries = queries.reshape(num_decays, -1, queries.shape[1]).transpose(1, 0, 2)
        self._remember(queries, candidates, columns, text_vectors)
        return self

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: that of their nearest texts."""
        return self._from_neighbours(text_vectors)[:, -1]

    def _remember(self, queries, candidates, columns, text_vectors):
        """Sets memory and candidates of all items, known or not."""
        self.known = tf.constant(np.concatenate([queries, candidates[:, None]], axis=1))
        text_vectors = tf.math.l2_normalize(text_vectors, axis=1)
        self.known_texts = tf.gather(text_vectors, np.flatnonzero(columns >= 0))
        every = np.zeros((len(columns), *self.known.shape[1:]), np.float32)
        for rows in _batches(np.flatnonzero(columns < 0)):
            every[rows] = self._from_neighbours(tf.gather(text_vectors, rows))
        every[columns >= 0] = self.known.numpy()[columns[columns >= 0]]
        self.memory = tf.constant(every[:, :-1])
        self.candidates = tf.constant(every[:, -1])

    def _from_neighbours(self, text_vectors):
        """Mean of the known items of nearest text: `[n, num_decays + 1, dim]`."""
        likeness = tf.matmul(
            tf.math.l2_normalize(text_vectors, axis=1),
            self.known_texts,
            transpose_b=True,
        )
        k = min(NUM_NEIGHBOURS, self.known_texts.shape[0])
        nearest, rows = tf.math.top_k(likeness, k)
        weights = tf.nn.softmax(nearest / LIKENESS_SCALE)
        has_text = tf.reduce_any(text_vectors != 0, axis=1, keepdims=True)
        weights = tf.where(has_text, weights, 0.0)
        return tf.einsum("nk,nkgd->ngd", weights, tf.gather(self.known, rows))

    def _moments(self, interactions, columns, is_reversed):
        offsets, rows = interactions.offsets, interactions.item_rows
        positions = np.flatnonzero(interactions.labels > 0)
        if len(positions) > MAX_POSITIONS:
            rng = np.random.default_rng(self.seed)
            positions = rng.choice(positions, MAX_POSITIONS, replace=False)
        weights = _recency(interactions.timestamps)[positions]
        if is_reversed:
            rows = rows[::-1]
            positions = len(rows) - 1 - positions
            offsets = len(rows) - offsets[::-1]
        starts = offsets[np.searchsorted(offsets, positions, side="right") - 1]
        decays = (self.half_lives, self.scales)
        return moments(rows, starts, positions, weights, columns, *decays)


def _recency(timestamps):
    """`[n]` weights of events: the log's first half counts half as much or less."""
    age_s = timestamps.max() - timestamps
    return 0.5 ** (age_s / max(1.0, RECENCY_HALF_LIFE * age_s.max()))


def _columns(num_events):
    """Item row -> column of the regression; -1 for items without one."""
    columns = np.full(len(num_events), -1)
    popular = np.argsort(-num_events, kind="stable")[:MAX_COLUMNS]
    popular = np.sort(popular[num_events[popular] > 0])
    columns[popular] = np.arange(len(popular))
    return columns


def _batches(rows):
    return [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
