"""Popularity by what people have now, in place of what they had before training."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tfrec.data.fading import FAST_S, SLOW_S
from tfrec.variables import table, take_rows


class LiveCounts(NamedTuple):
    """How often items were had lately: counts of events that fade with their age."""

    slow: tf.Tensor  # [batch, n] float32, half-life `SLOW_S`; finite, not negative
    fast: tf.Tensor  # [batch, n] float32, half-life `FAST_S`; the same
    total: tf.Tensor  # [batch] float32, the slow count of all items together


class LivePopularity(tf.Module):
    """How far live counts move the scores of items.

    Counts come from another place than the log: they may be of a sample of all events,
    and begin before or after the log's end. So shares are compared. What was
    learnt fades with a half-life of a week, and live events take its place; as long as
    there are fewer of them than the log had in such a time, as much of the learnt stays
    as is lacking. With `c` the live count of an item, `T` that of all, `W` what the log
    had by the same half-life, `x` the weeks since its end and `p` the item's share of
    what was learnt,

        kept = max(W - T, W 2^-x)
        slow = c + kept p
        level = log(1 + C slow / (T + kept))

    `C` is the log's count by the half-life of the popularity scorer, so that `level` of
    an item whose share has not changed is its learnt one. `rise` compares the count of
    the last hour with what `slow` lets expect; it is not negative:

        rise = log(1 + fast) - log(1 + slow FAST / SLOW)

    Args:
        scorer: fitted `PopularityScorer`.
        weights: pair of floats, what `level` less the learnt one and `rise` count.
    """

    def __init__(self, scorer, weights):
        super().__init__(name="live_popularity")
        self.scorer, self.weights = scorer, weights
        self.levels = table(self._levels(scorer.candidates))

    def new_levels(self, texts, text_vectors):
        """Levels of new items, by their texts: `[n, 1]`; arguments as of a scorer."""
        return self._levels(self.scorer.new_candidates(texts, text_vectors))

    def bonus(self, rows, counts, now, new_levels=None):
        """What is added to scores, which hold the learnt popularity.

        Args:
            rows: `[batch or 1, n]` int32 tensor of items; -1 reads row 0.
            counts: `LiveCounts` of these.
            now: `[batch]` int64 tensor, UTC seconds.
            new_levels: as `new_levels` gives them of items that follow the
                catalogue's, or None.

        Returns:
            `[batch, n]` float tensor.
        """
        of_level, of_rise = self.weights
        moved, rise = self.moves(rows, counts, now, new_levels)
        return of_level * moved + of_rise * rise

    def moves(self, rows, counts, now, new_levels=None):
        """How far levels moved, and rises: two `[batch, n]` tensors, as `bonus`."""
        learnt = take_rows(self.levels, new_levels, rows)[..., 0]
        total, weekly, until = self.scorer.learnt
        age_s = tf.cast(tf.maximum(now - until, 0), tf.float32)
        kept = tf.maximum(weekly - counts.total, weekly * 0.5 ** (age_s / SLOW_S))
        shares = tf.math.expm1(learnt) / total
        slow = counts.slow + kept[:, None] * shares
        level = tf.math.log1p(total * slow / (counts.total + kept)[:, None])
        rise = tf.math.log1p(counts.fast) - tf.math.log1p(slow * (FAST_S / SLOW_S))
        return level - learnt, tf.nn.relu(rise)

    def _levels(self, scores):
        """Logs of 1 plus counts, `[n, 1]`, which texts may let expect below 0."""
        return tf.nn.relu(scores + np.float32(self.scorer.median))


def live_popularity(scorer, weights):
    """The `LivePopularity` of a fitted `PopularityScorer`; None if it does not count.

    Args:
        scorer: `PopularityScorer`, or None.
        weights: as of `LivePopularity`.
    """
    counts = scorer is not None and any(weights)
    return LivePopularity(scorer, weights) if counts else None
