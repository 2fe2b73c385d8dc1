"""Popularity scorer: what is popular lately, for every query alike."""

import numpy as np
import tensorflow as tf

from tfrec.data.fading import recency
from tfrec.linear.scorer import Scorer
from tfrec.linear.text_regression import TextRegression

HALF_LIFE = 0.1  # of the time that the log spans


class PopularityScorer(Scorer):
    """Log of the positive events of each item, less that of the median item.

    Recent ones count more. A new item is taken to be as popular as its text lets
    expect; without a text, as the median item.

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
        scores = np.log1p(counts)
        scores -= np.median(scores)
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
