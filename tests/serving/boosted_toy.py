"""The toy of a model that takes boosts and freshness, which the plain one does not.

The labels of an item are its category; the item café came after a day, and all others
nobody knows when.
"""

import tensorflow as tf

from tests.serving.toy_artefact import (
    BATCH,
    DAY_S,
    FILTER,
    ITEM_IDS,
    NO_FLOOR,
    NO_IDS,
    NO_REPEATS,
    NO_TIMES,
    NO_VALUES,
    NOW,
    QUERY,
    ROWS,
    K,
    Toy,
)

CAME = [0.0] * (len(ITEM_IDS) - 1) + [DAY_S]
BOOSTS = [
    tf.TensorSpec(ROWS, tf.string, "boost_labels"),
    tf.TensorSpec(ROWS, tf.float32, "boost_values"),
    tf.TensorSpec(BATCH, tf.float32, "freshness_weight"),
    tf.TensorSpec(BATCH, tf.float32, "freshness_half_life_hours"),
]
NO_TEXT, NO_NUMBER = tf.constant([""]), tf.constant([0.0])


class BoostedToy(Toy):
    """`Toy` whose scores have a bonus."""

    @tf.function(
        input_signature=[
            *QUERY,
            *FILTER,
            tf.TensorSpec(BATCH, tf.bool, "allow_repeats"),
            *BOOSTS,
        ]
    )
    def recommend(
        self,
        user_text,
        query_text=NO_TEXT,
        history_item_ids=NO_IDS,
        history_events=NO_IDS,
        history_values=NO_VALUES,
        history_timestamps=NO_TIMES,
        now=NOW,
        history_texts=NO_IDS,
        k=K,
        exclude_item_ids=NO_IDS,
        categories=NO_IDS,
        min_probability=NO_FLOOR,
        allow_repeats=NO_REPEATS,
        boost_labels=NO_IDS,
        boost_values=NO_VALUES,
        freshness_weight=NO_NUMBER,
        freshness_half_life_hours=NO_NUMBER,
    ):
        history = (history_item_ids, history_events, history_values, history_timestamps)
        embedding = self._embed(user_text, query_text, *history, now, history_texts)
        seen = tf.reduce_any(self._matches(history_item_ids), axis=1)
        is_hidden = seen & ~allow_repeats[:, None]
        filters = (k, exclude_item_ids, categories, min_probability)
        freshness = (freshness_weight, freshness_half_life_hours)
        bonus = self._bonus(boost_labels, boost_values, now, *freshness)
        return self._top(embedding, is_hidden, *filters, bonus)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, "interest"),
            tf.TensorSpec(BATCH, tf.int64, "now"),
            *FILTER,
            *BOOSTS,
        ]
    )
    def recommend_from_interest(
        self,
        interest,
        now=NOW,
        k=K,
        exclude_item_ids=NO_IDS,
        categories=NO_IDS,
        min_probability=NO_FLOOR,
        boost_labels=NO_IDS,
        boost_values=NO_VALUES,
        freshness_weight=NO_NUMBER,
        freshness_half_life_hours=NO_NUMBER,
    ):
        filters = (k, exclude_item_ids, categories, min_probability)
        freshness = (freshness_weight, freshness_half_life_hours)
        bonus = self._bonus(boost_labels, boost_values, now, *freshness)
        return self._top(interest, tf.zeros([1, 1], tf.bool), *filters, bonus)

    def _bonus(self, labels, values, now, weight, half_life_hours):
        has = labels[:, :, None] == self.categories
        of_labels = tf.reduce_sum(tf.where(has, values[:, :, None], 0.0), axis=1)
        hours = (tf.cast(now[:, None], tf.float32) - tf.constant(CAME)) / 3600
        half_lives = tf.math.divide_no_nan(hours, half_life_hours[:, None])
        fresh = weight[:, None] * 0.5**half_lives
        return of_labels + tf.where(tf.constant(CAME) > 0, fresh, 0.0)
