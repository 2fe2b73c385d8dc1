"""Baselines of the interest head: how likely is this user's interest in this item?

Each learns from questions with known answers (`fit`) and gives a calibrated
probability (`probabilities`); questions are `Queries` with one target each, whose
live histories it may read.
"""

import dataclasses

import numpy as np
from scipy.special import expit

from tfrec.baselines.histories import history_matrix, ranges
from tfrec.linear.als import factorise, solve_each
from tfrec.linear.logistic import fit_logistic

PRIOR = 5.0  # reactions that a rate is smoothed with
FOLDS = 5  # an item's rate is learnt from other examples than it is used for
QUERIES_AT_ONCE = 128  # bounds memory while histories are read
CALIBRATION = 0.1  # share of the examples, the latest, that teach the probabilities


class LogisticInterest:
    """Logistic regression on rates, counts and texts.

    Features: the user's share of positive reactions so far and their number, the
    same of the item, the likeness of the item's text to those liked and disliked,
    the item's text vector and the user's profile vector.

    Args:
        item_vectors: `[num_items, dim]` float array, unit rows or zeros.
        profile_vectors: `[num_users, dim]` float array.
    """

    name = "logistic regression"

    def __init__(self, item_vectors, profile_vectors):
        self.item_vectors, self.profile_vectors = item_vectors, profile_vectors

    def fit(self, queries, labels):
        """Learns from queries and their `[n]` bool labels."""
        num_items, rows = queries.interactions.num_items, queries.target_rows
        folds = np.arange(len(labels)) % FOLDS
        keys, size = rows * FOLDS + folds, num_items * FOLDS
        shown = np.bincount(keys, minlength=size).reshape(-1, FOLDS)
        liked = np.bincount(keys, labels, size).reshape(-1, FOLDS)
        self._mean = np.mean(labels)
        self._shown, self._liked = shown.sum(axis=1), liked.sum(axis=1)
        others = (each.sum(axis=1)[rows] - each[rows, folds] for each in (shown, liked))
        features = self._features(queries, *others)
        self._slopes, self._intercept = fit_logistic(features, labels)
        return self

    def probabilities(self, queries):
        """`[n]` probabilities."""
        rows = queries.target_rows
        features = self._features(queries, self._shown[rows], self._liked[rows])
        return expit(features @ self._slopes + self._intercept)

    def _features(self, queries, item_shown, item_liked):
        starts = queries.interactions.offsets[queries.user_rows]
        ends = queries.history_ends
        labels = queries.interactions.labels
        up, down = (np.cumsum(np.append(0, labels == sign)) for sign in (1, -1))
        user_liked = up[ends] - up[starts]
        user_shown = user_liked + down[ends] - down[starts]
        columns = []
        for liked, shown in ((user_liked, user_shown), (item_liked, item_shown)):
            columns += [(liked + PRIOR * self._mean) / (shown + PRIOR), np.log1p(shown)]
        columns += [_by_parts(_reactions(queries, s), self._likeness) for s in (1, -1)]
        parts = (
            np.column_stack(columns),
            self.item_vectors[queries.target_rows],
            self.profile_vectors[queries.user_rows],
        )
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def _likeness(self, queries):
        """`[n]`: cosine of the targets' texts to the mean of the histories' texts."""
        texts = self.item_vectors[queries.target_rows]
        met = history_matrix(queries) @ self.item_vectors
        norms = np.linalg.norm(met, axis=1) * np.linalg.norm(texts, axis=1)
        return (met * texts).sum(axis=1) / np.maximum(norms, 1e-9)


class FactorisedInterest:
    """Factors and biases of users and items, by alternating least squares.

    A user's side is solved anew from the live history at each question; see
    `tfrec.linear.als`.

    Args:
        dim: int, factors.
        ridge: positive float, on factors and biases.
        rounds: int, of alternation.
        seed: int.
    """

    name = "matrix factorisation"

    def __init__(self, dim=8, ridge=3.0, rounds=8, seed=0):
        self.dim, self.ridge, self.rounds, self.seed = dim, ridge, rounds, seed

    def fit(self, queries, labels):
        """Learns from queries and their `[n]` bool labels."""
        order = np.lexsort((queries.history_ends, queries.timestamps))
        early, late = np.split(order, [round(len(order) * (1 - CALIBRATION))])
        self._factorise(queries.take(early), labels[early])
        scores = _by_parts(queries.take(late), self._scores)
        self._slopes, self._intercept = fit_logistic(scores[:, None], labels[late])
        return self

    def probabilities(self, queries):
        """`[n]` probabilities."""
        scores = _by_parts(queries, self._scores)
        return expit(scores[:, None] @ self._slopes + self._intercept)

    def _factorise(self, queries, labels):
        log, self._mean = queries.interactions, labels.mean()
        pairs = (queries.user_rows, queries.target_rows)
        shape = (log.num_users, log.num_items)
        how = (self.dim, self.ridge, self.rounds, self.seed)
        _, self._items = factorise(*pairs, labels - self._mean, shape, *how)

    def _scores(self, queries):
        log = queries.interactions
        query_of, events = ranges(log.offsets[queries.user_rows], queries.history_ends)
        is_known = log.labels[events] != 0
        query_of, events = query_of[is_known], events[is_known]
        items, liked = self._items[log.item_rows[events]], log.labels[events] > 0
        values = liked - self._mean
        people = solve_each(items, values, query_of, len(queries), self.ridge)
        items = self._items[queries.target_rows]
        products = (people[:, :-1] * items[:, :-1]).sum(axis=1)
        return self._mean + products + people[:, -1] + items[:, -1]


def _reactions(queries, sign):
    """The same queries with histories of nothing but the events of label `sign`."""
    log = queries.interactions
    log = dataclasses.replace(log, labels=(log.labels == sign).astype(np.int8))
    return dataclasses.replace(queries, interactions=log)


def _by_parts(queries, function):
    """`function` of a few queries at a time, as one array."""
    places = np.arange(len(queries))
    parts = np.split(places, places[QUERIES_AT_ONCE::QUERIES_AT_ONCE])
    return np.concatenate([function(queries.take(part)) for part in parts])
