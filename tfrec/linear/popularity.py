"""Popularity scorer: what is popular lately, for every query alike."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.data.fading import DAY_S, SLOW_S, recency
from tfrec.linear.scorer import Scorer
from tfrec.linear.text_regression import TextRegression

HALF_LIFE = 0.1  # of the time that the log spans


class LearntCounts(NamedTuple):
    """How many positive events a log has, all items together."""

    total: float  # by the half-life of the scorer
    weekly: float  # by that of live counts, `SLOW_S`
    until: int  # UTC seconds, of the last event


class PopularityScorer(Scorer):
    """Log of the positive events of each item, less that of the median item.

    Recent ones count more. A new item is taken to be as popular as its text lets
    expect; without a text, as the median item.

    Attributes:
        median: float, log of 1 plus the median item's count; scores are less it.
        learnt: `LearntCounts`.

    Args:
        text_ridge: positive float, as `TextRegression` takes it.
        half_life_days: float, days in which an event's weight halves; 0 = a tenth of
            the time that the log spans.
    """

    def __init__(self, text_ridge=4.0, half_life_days=0.0):
        super().__init__(name="popularity")
        self.text_ridge, self.half_life_days = text_ridge, half_life_days

    def fit(self, interactions, catalogue, text_vectors):
        """Counts the log's positive events, by recency."""
        times, is_positive = interactions.timestamps, interactions.labels > 0
        weights = recency(times, self.half_life_days, HALF_LIFE) * is_positive
        counts = np.bincount(
            interactions.item_rows, weights, minlength=catalogue.num_items
        )
        self.learnt = LearntCounts(
            total=float(counts.sum()),
            weekly=float(recency(times, SLOW_S / DAY_S, HALF_LIFE) @ is_positive),
            until=int(times.max()),
        )
        scores = np.log1p(counts)
        self.median = float(np.median(scores))
        scores -= self.median
        known, texts = catalogue.has_id, np.asarray(text_vectors)
        self.regression = TextRegression(
            texts[known], scores[known, None], self.text_ridge
        )
        scores[~known] = self.regression(texts[~known])[:, 0]
        self.candidates = tf.constant(scores[:, None], tf.float32)
        return self

    def query(self, history, now, new_memories=None):
        """The query's side: 1 for everybody, `[batch, 1]`."""
        return tf.ones([tf.shape(history.item_rows)[0], 1])

    def new_candidates(self, texts, text_vectors):
        """The candidates' side of new items: what their text lets expect, `[n, 1]`."""
        return self.regression(text_vectors)
