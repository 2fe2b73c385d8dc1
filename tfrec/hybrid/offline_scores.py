"""Scores of the whole catalogue for the queries of an evaluation."""

import functools
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from scipy import sparse

from tfrec.data.history import history_of
from tfrec.data.packing import pack_histories
from tfrec.hybrid.log_texts import log_texts
from tfrec.hybrid.written_texts import scorer_reading, tower_reading
from tfrec.linear.repeat_consumption import repeat_features

BATCH_SIZE = 128  # queries


class AskedBatch(NamedTuple):
    """Who asks a batch of questions, when and how."""

    now: tf.Tensor  # [batch] int64 UTC seconds
    user_rows: tf.Tensor  # [batch] int32
    context: tf.Tensor  # [batch, C] int32, as `Queries.context_rows`


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
            features = own_past(self.hybrid.model, queries)
            weighted = zip(self.hybrid.weights.repeat, features, strict=True)
            scores += sum(weight * each for weight, each in weighted).toarray()
        return scores

    def repeat_bonus(self, queries):
        """`[num_queries]` bonus of each query's one target."""
        bonus = np.empty(len(queries), np.float32)
        for rows, history in _histories(queries, self.hybrid.model):
            targets = queries.target_rows[rows][:, None]
            bonus[rows] = self.hybrid.repeat_bonus(history, targets)[:, 0]
        return bonus

    def interests(self, queries):
        """`[num_queries, dim]` float32 interest vectors."""
        candidates = self.hybrid.unscaled[:, : self.hybrid.neural_dim]

        def query(history, asked, written):
            neural = self.hybrid.model.plain_queries(history, *asked, candidates)
            if written is not None:
                written = written.times(self.hybrid.weights.event_texts)
            return self.hybrid.interest(neural, history, asked.now, written)

        return _in_batches(query, queries, self.hybrid.model)


class TowerRecommender:
    """The neural towers alone, as they are when they are first asked.

    Args:
        model: adapted `TwoTower`.
    """

    name = "towers"

    def __init__(self, model):
        self.model = model

    @functools.cached_property
    def candidates(self):
        """`[num_items, dim]` float32 array: not anew for each batch."""
        return self.model.all_candidates().numpy()

    def fit(self, train, items):
        """Does nothing: the towers are being trained."""
        return self

    def score(self, queries):
        """`[num_queries, num_items]` float32 scores."""
        queries = tower_queries(self.model, queries, self.candidates)
        return queries @ self.candidates.T


def tower_queries(towers, queries, candidates):
    """The towers' part of interest vectors.

    Args:
        towers: `TwoTower`.
        queries: `Queries`.
        candidates: `[num_items, dim]` float array, as `all_candidates` gives it.

    Returns:
        `[num_queries, dim]` float32 array.
    """
    candidates, read = tf.constant(candidates), tower_reading(towers)

    def query(history, asked, written):
        found = towers.plain_queries(history, *asked, candidates)
        return found + _said(written, read)

    return _in_batches(query, queries, towers)


def scorer_queries(towers, queries, scorer):
    """A fitted scorer's part of interest vectors, as `tower_queries` gives theirs."""

    def query(history, asked, written):
        reads_all = scorer.reads_dislikes
        read = history if reads_all else towers.kinds.of_interest(history)
        return scorer.query(read, asked.now) + _said(written, scorer_reading(scorer))

    return _in_batches(query, queries, towers)


def _said(written, read):
    """What all texts of each query add, `[batch, size]`; 0 where there are none."""
    return 0.0 if written is None else tf.reduce_sum(written.each(read), axis=1)


def own_past(towers, queries):
    """What each query's past with its items says of having them again.

    Args:
        towers: `TwoTower`.
        queries: `Queries`.

    Returns:
        List of `[num_queries, num_items]` CSR matrices, one per half-life: the
        `repeat_features` of the items that the histories hold.
    """
    places, values = [], []
    num_items = towers.catalogue.num_items
    for rows, history in _histories(queries, towers):
        own = history.item_rows.numpy()
        read = towers.kinds.of_interest(history)
        found = repeat_features(read, own, towers.state.has_times).numpy()
        query_of, events = np.nonzero(own >= 0)
        places.append(rows[query_of] * num_items + own[query_of, events])
        values.append(found[query_of, events])
    cells, first = np.unique(np.concatenate(places), return_index=True)
    where, shape = np.divmod(cells, num_items), (len(queries), num_items)
    columns = np.concatenate(values)[first].T
    return [sparse.csr_matrix((column, where), shape) for column in columns]


def _in_batches(query, queries, towers):
    numbers, parts, texts = [], [], log_texts(towers, queries)
    every = (queries.timestamps, queries.user_rows, queries.context_rows)
    for rows, history in _histories(queries, towers):
        asked = AskedBatch(*(tf.constant(each[rows]) for each in every))
        parts.append(query(history, asked, texts and texts.of(rows)))
        numbers.append(rows)
    order = np.argsort(np.concatenate(numbers))
    return np.concatenate(parts).astype(np.float32)[order]


def _histories(queries, towers):
    """Batches of queries, those of short histories first: `(their numbers, History)`.

    Padding costs as much as events, so histories of one batch are about as long.
    """
    starts = queries.interactions.offsets[queries.user_rows]
    order = np.argsort(queries.history_ends - starts, kind="stable")
    for start in range(0, len(order), BATCH_SIZE):
        rows = order[start : start + BATCH_SIZE]
        packed = pack_histories(queries.take(rows), towers.max_history_length)
        yield rows, history_of(packed, towers.standardise)
