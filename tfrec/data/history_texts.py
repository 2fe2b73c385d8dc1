"""Texts of events, such as searches and reviews: which of a history are read."""

from typing import NamedTuple

import tensorflow as tf

from tfrec.data.history import latest_events, take_columns, time_order

MAX_TEXTS = 8  # the latest of a history
HALF_LIFE = 5.0  # events, of any kind, after which a text counts half


class HistoryTexts(NamedTuple):
    """The latest texts of each history, oldest first, real ones before padding."""

    texts: tf.Tensor  # [batch, n] string, "" for padding
    columns: tf.Tensor  # [batch, n] int32, where they stand in the request; -1
    weights: tf.Tensor  # [batch, n] float32, at most 1 together; 0 for padding


def latest_texts(
    texts: tf.Tensor, item_rows: tf.Tensor, timestamps: tf.Tensor
) -> HistoryTexts:
    """The texts of a request's histories that speak for a user now.

    A text counts half with every 5 events after it: whoever has looked at other things
    since has moved on. All texts together count as much as one free-text query at most.

    Args:
        texts: `[batch, width]` string tensor, `""` for events without a text.
        item_rows: `[batch, width]` int32 tensor, -1 for events without a known item.
        timestamps: `[batch, width]` int64 tensor of UTC seconds.

    Returns:
        `HistoryTexts` as wide as the longest, at most 8; of width 0, at no cost, where
        no event has a text.
    """
    has_text = texts != ""
    counts = tf.reduce_sum(tf.cast(has_text, tf.int32), axis=1)
    width = tf.minimum(tf.reduce_max(counts), MAX_TEXTS)

    def found():
        rows = tf.where(has_text, 0, -1)
        columns = latest_events(rows, timestamps, MAX_TEXTS)[:, :width]
        later = _num_later(has_text | (item_rows >= 0), timestamps)
        ages = take_columns(later, columns, 0)
        weights = text_weights(ages, columns >= 0)
        return HistoryTexts(take_columns(texts, columns, ""), columns, weights)

    def nothing():
        shape = [tf.shape(texts)[0], 0]
        columns = tf.zeros(shape, tf.int32)
        return HistoryTexts(tf.fill(shape, ""), columns, tf.zeros(shape))

    return tf.cond(width > 0, found, nothing)


def weight_at_age(ages: tf.Tensor) -> tf.Tensor:
    """What is left, `float32`, of a text's weight of 1 after so many events."""
    return 0.5 ** (tf.cast(ages, tf.float32) / HALF_LIFE)


def text_weights(ages: tf.Tensor, is_real: tf.Tensor) -> tf.Tensor:
    """How much texts count, by the number of events after them.

    Args:
        ages: `[..., n]` int tensor, events after each text.
        is_real: `[..., n]` bool tensor, False for padding.

    Returns:
        `[..., n]` float32 tensor, at most 1 together; 0 for padding.
    """
    weights = tf.where(is_real, weight_at_age(ages), 0.0)
    return weights / tf.maximum(tf.reduce_sum(weights, axis=-1, keepdims=True), 1.0)


def _num_later(is_real, timestamps):
    """`[batch, width]` int32: how many real events come after each of them."""
    places = tf.argsort(time_order(is_real, timestamps), axis=1)
    num_real = tf.reduce_sum(tf.cast(is_real, tf.int32), axis=1, keepdims=True)
    return num_real - 1 - places
