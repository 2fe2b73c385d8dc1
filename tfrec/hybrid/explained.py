"""Scores of single items for changed histories, and the events that they come from."""

import numpy as np
import tensorflow as tf

from tfrec.data.history import history_of


class HybridExplainer:
    """A `HybridScorer` as `tfrec.evaluation.deletion` asks it.

    Args:
        hybrid: `HybridScorer`.
    """

    def __init__(self, hybrid):
        self._hybrid, self._model = hybrid, hybrid.model
        self.max_history_length = hybrid.model.max_history_length
        self.is_dislike = ~hybrid.model.kinds.speaks

    def shares(self, packed, queries, rows):
        """`[queries, n, length]`, as the signature `explain` gives them."""
        history, now, interest, weights = self._asked(packed, queries)
        rows = tf.constant(rows, tf.int32)
        vectors = self._hybrid.vectors(rows)
        shares = self._hybrid.contributions(history, now, weights, rows, vectors)
        return shares.numpy()

    def scores(self, packed, queries, rows):
        """`[queries, n]`, by which a list is ordered."""
        history, _, interest, _ = self._asked(packed, queries)
        rows = tf.constant(rows, tf.int32)
        scores = tf.linalg.matvec(self._hybrid.vectors(rows), interest)
        if self._hybrid.has_repeats:
            scores += self._hybrid.repeat_bonus(history, rows)
        return scores.numpy()

    def _asked(self, packed, queries):
        history = history_of(packed, self._model.standardise)
        now = tf.constant(np.asarray(queries.timestamps))
        profiles = tf.gather(self._model.texts.profiles.vectors, queries.user_rows)
        about = self._model.columns.of_asking(
            queries.user_rows, tf.constant(queries.context_rows)[:, None]
        )
        interest, weights = self._hybrid.query(history, now, profiles, about=about)
        return history, now, interest, weights
