"""How like items are: a query for an item, in the space of all candidates."""

import numpy as np
import tensorflow as tf

from tfrec.data.history import HistoryBatch
from tfrec.hybrid.hybrid_scorer import NUM_LAST
from tfrec.retrieval.filters import NO_ROW

# Of what towers expect of somebody unknown: what is popular. On MovieLens-100k a
# quarter changes recall@10 by nothing that can be measured, and shows 8 % more items:
# docs/experiments/similar_items.md.
POPULAR_SHARE = 0.25


class ItemLikeness(tf.Module):
    """Turns the interest of people who met one item into a query for items like it.

    Such an interest is made for ranking by people: it has the popularity of items in
    it, and scorers that add events up expect more than one. So the query keeps the
    parts that an item of the history says something to; a scorer counts as much as
    with a history of usual length; a share of what is popular is taken from the
    towers' part. New items have the mean of the known ones, whose weights differ.

    Args:
        hybrid: `HybridScorer`.
    """

    def __init__(self, hybrid):
        super().__init__(name="item_likeness")
        self._scale = tf.constant(_scale(hybrid), tf.float32)
        is_tower = np.arange(hybrid.dim) < hybrid.neural_dim
        popular = POPULAR_SHARE * is_tower * _of_nobody(hybrid)
        self._popular = tf.constant(popular, tf.float32)
        self._shift = tf.constant(_shift(hybrid), tf.float32)

    def __call__(self, interest):
        """Queries of interests: `[batch, dim]` -> `[batch, dim]` float tensor."""
        parts = (interest * self._scale - self._popular)[:, :-NUM_LAST]
        level = tf.linalg.matvec(parts, self._shift)[:, None]
        nothing = tf.zeros_like(level)
        return tf.concat([parts, nothing, level, nothing], axis=1)


def _scale(hybrid):
    """`[dim]`: how much each number of an interest counts."""
    queries = hybrid.model.sample_queries
    lengths = queries.history_ends - queries.interactions.offsets[queries.user_rows]
    usual = np.median(lengths) if len(lengths) else 1
    usual = min(max(1, round(float(usual))), hybrid.model.max_history_length)
    shares = [
        np.full(scorer.dim, scorer.history_weight(usual) if scorer.memory_dim else 0.0)
        for scorer in hybrid.scorers
    ]
    return np.concatenate([np.ones(hybrid.neural_dim), *shares, np.zeros(NUM_LAST)])


def _of_nobody(hybrid):
    """`[dim]`: the interest of somebody without a history."""
    nothing = tf.zeros([1, 1])
    no_item, kind = tf.constant([[NO_ROW]]), tf.constant([[0]])
    history = HistoryBatch(no_item, kind, nothing, tf.constant([[0]], tf.int64))
    now, profile = tf.constant([0], tf.int64), tf.zeros([1, hybrid.model.texts.dim])
    return hybrid.query(history, now, profile)[0][0].numpy()


def _shift(hybrid):
    """`[dim - 3]`: times a query, how far the mean new item is below the mean one."""
    parts = [hybrid.unscaled[:, : hybrid.neural_dim]]
    parts += [scorer.candidates for scorer in hybrid.scorers]
    known, new = hybrid.weights.candidate_scale
    return np.concatenate(
        [
            tf.reduce_mean(part, axis=0).numpy() * (of_known - of_new)
            for part, of_known, of_new in zip(parts, known, new, strict=True)
        ]
    )
