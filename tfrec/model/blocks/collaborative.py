"""Collaborative block: which items follow which, as a low-rank memory."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.index.table import table
from tfrec.model.blocks.item_regression import (
    MAX_POSITIONS,
    moments,
    solve,
    truncate,
)
from tfrec.model.blocks.memory import MemoryBlock
from tfrec.model.blocks.text_regression import TextRegression

HALF_LIVES = ((2.0, 20.0), (10.0, 100.0))  # events; validation chooses a pair
SCALES = (1.0, 0.5)  # of the two decays
MAX_COLUMNS = 4000  # items, the most popular; the others are known by their text
BACKWARD_SHARE = 0.5  # weight of the log read from its end
RIDGE = 2.5  # times the mean second moment of a feature
RECENCY_HALF_LIFE = 0.55  # of the time that the log spans


class MemoryForm(NamedTuple):
    """What validation chooses of a collaborative memory."""

    half_lives: tuple  # of the decays, events
    dim: int  # rank


class CollaborativeBlock(MemoryBlock):
    """Next items by ridge regression on two decays of the history.

    The log is learnt from in both directions: what follows an item, and, with less
    weight, what came before it.

    Args:
        dim: int, rank of the memory.
        seed: int, of the sample of positions from a large log.
        half_lives: two floats, of the decays, in events.
    """

    def __init__(self, dim, seed=0, half_lives=HALF_LIVES[0]):
        super().__init__(name="collaborative")
        self.max_dim, self.seed = dim, seed
        self.half_lives, self.scales = list(half_lives), list(SCALES)

    def fit(self, interactions, catalogue, text_vectors):
        """Solves the regression; items outside it get what their texts suggest."""
        columns = _columns(catalogue.num_events)
        forward = self._moments(interactions, columns, is_reversed=False)
        backward = self._moments(interactions, columns, is_reversed=True)
        sums = forward + BACKWARD_SHARE * backward
        ridge = RIDGE * np.diag(sums.xx).mean() or 1.0  # 0 if nobody has a history
        coefficients = solve(sums, ridge)
        counts = catalogue.num_events[columns >= 0]
        queries, candidates = truncate(
            coefficients, forward.xx, counts**-0.5, self.max_dim
        )
        num_decays = len(self.half_lives)
        queries = queries.reshape(num_decays, -1, queries.shape[1]).transpose(1, 0, 2)
        self._remember(queries, candidates, columns, text_vectors)
        return self

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: what their text lets expect."""
        return self._from_texts(text_vectors)[:, -1]

    def new_memories(self, texts, text_vectors):
        """What their text lets expect of having met new items."""
        memory = self._from_texts(text_vectors)[:, :-1]
        return tf.reshape(memory, [-1, self.memory_dim])

    def _remember(self, queries, candidates, columns, text_vectors):
        """Sets memory and candidates of all items, known or not."""
        known = np.concatenate([queries, candidates[:, None]], axis=1)
        self.shape = known.shape[1:]
        self.regression = TextRegression(
            text_vectors[columns >= 0], known.reshape(len(known), -1)
        )
        every = self._from_texts(text_vectors).numpy()
        every[columns >= 0] = known[columns[columns >= 0]]
        self.memory = table(every[:, :-1])
        self.candidates = tf.constant(every[:, -1])

    def _from_texts(self, text_vectors):
        """Expected memory and candidates of texts: `[n, num_decays + 1, dim]`."""
        expected = self.regression(text_vectors)
        return tf.reshape(expected, [-1, *self.shape])

    def _moments(self, interactions, columns, is_reversed):
        offsets, rows = interactions.offsets, interactions.item_rows
        positions = np.flatnonzero(interactions.labels > 0)
        if len(positions) > MAX_POSITIONS:
            rng = np.random.default_rng(self.seed)
            positions = rng.choice(positions, MAX_POSITIONS, replace=False)
        weights = _recency(interactions.timestamps)[positions]
        ends = interactions.group_starts[positions]
        if is_reversed:
            rows = rows[::-1]
            ends = len(rows) - _group_ends(interactions.group_starts)[positions]
            positions = len(rows) - 1 - positions
            offsets = len(rows) - offsets[::-1]
        starts = offsets[np.searchsorted(offsets, positions, side="right") - 1]
        decays = (self.half_lives, self.scales)
        return moments(rows, starts, ends, positions, weights, columns, *decays)


def _group_ends(group_starts):
    """`[n]`: one past the last event of each event's moment."""
    bounds = np.append(np.unique(group_starts), len(group_starts))
    return bounds[np.searchsorted(bounds, group_starts, side="right")]


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
