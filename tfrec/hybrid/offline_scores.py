"""Scores of the whole catalogue for the queries of an evaluation."""

import functools

import numpy as np
import tensorflow as tf

from tfrec.data.history import history_of
from tfrec.data.packing import pack_histories
from tfrec.linear.repeat_consumption import HALF_LIVES, repeat_features

BATCH_SIZE = 128  # queries


class HybridRecommender:
    """A `HybridScorer` as the evaluation sees any recommender.

    Args:
        hybrid: `HybridScorer`.
        name: str, for reports.
    """

    def __init__(self, hybrid, name="tfrec"):
        self.hybrid, self.name = hybrid, name

    @functools.cached_property
    def candidates(self):
        """`[num_items, dim]` float32 array: out of TensorFlow once, not every batch."""
        return self.hybrid.candidates.numpy()

    def fit(self, train, items):
        """Does nothing: the towers have been trained."""
        return self

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        scores = self.interests(queries) @ self.candidates.T
        if self.hybrid.has_repeats:
            features = self.repeat_features(queries)
            scores += np.tensordot(self.hybrid.weights.repeat, features, 1)
        return scores

    def repeat_features(self, queries):
        """Of every item: `[num_half_lives, num_queries, num_items]`."""
        shape = (len(HALF_LIVES), len(queries), len(self.candidates))
        features = np.zeros(shape, np.float32)
        for rows, history in _histories(queries, self.hybrid.model):
            own = history.item_rows.numpy()
            found = repeat_features(self.hybrid.model.kinds.of_interest(history), own)
            found = found.numpy()
            batch, places = np.nonzero(own >= 0)
            items = own[batch, places]
            features[:, rows[batch], items] = found[batch, places].T
        return features

    def repeat_bonus(self, queries):
        """`[num_queries]` bonus of each query's one target."""
        parts = [
            self.hybrid.repeat_bonus(history, queries.target_rows[rows][:, None])[:, 0]
            for rows, history in _histories(queries, self.hybrid.model)
        ]
        return np.concatenate(parts)

    def interests(self, queries):
        """`[num_queries, dim]` float32 interest vectors."""
        candidates = self.hybrid.unscaled[:, : self.hybrid.neural_dim]

        def query(history, now, user_rows):
            towers = self.hybrid.model.plain_queries
            neural = towers(history, now, user_rows, candidates)
            return self.hybrid.interest(neural, history, now)

        return _in_batches(query, queries, self.hybrid.model)

    def scorer_scores(self, queries):
        """List of `[num_queries, num_items]` scores, one per scorer, unweighted."""
        sizes = [
            self.hybrid.neural_dim,
            *(scorer.dim for scorer in self.hybrid.scorers),
        ]
        interests = self.interests(queries)
        ends = np.cumsum(sizes)
        return [
            interests[:, end - size : end] @ self.candidates[:, end - size : end].T
            for size, end in zip(sizes, ends, strict=True)
        ]


class TowerRecommender:
    """The neural towers alone, for validation while they learn.

    Args:
        model: adapted `TwoTower`.
    """

    name = "towers"

    def __init__(self, model):
        self.model = model

    def fit(self, train, items):
        """Does nothing: the towers are being trained."""
        return self

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        candidates = self.model.all_candidates()
        query = functools.partial(self.model.plain_queries, candidates=candidates)
        return _in_batches(query, queries, self.model) @ candidates.numpy().T


def _in_batches(query, queries, model):
    parts = []
    for rows, history in _histories(queries, model):
        now, users = queries.timestamps[rows], queries.user_rows[rows]
        parts.append(query(history, tf.constant(now), tf.constant(users)))
    return np.concatenate(parts).astype(np.float32)


def _histories(queries, model):
    """Batches of queries: `(their numbers, History)`."""
    length = model.max_history_length
    for start in range(0, len(queries), BATCH_SIZE):
        rows = np.arange(start, min(start + BATCH_SIZE, len(queries)))
        yield (
            rows,
            history_of(pack_histories(queries.take(rows), length), model.standardise),
        )
