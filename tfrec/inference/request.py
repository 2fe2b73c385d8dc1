"""What is asked of a trained model: raw strings, ragged by padding, partly absent."""

import math
from typing import NamedTuple

import tensorflow as tf

from tfrec.data.bounds import bounded, without_nan
from tfrec.graphs import required
from tfrec.values import MAX_BOOST


class QueryInputs(NamedTuple):
    """Whose interest, and when; the parts of a history go together."""

    user_text: tf.Tensor  # [batch] string, "" for none
    query_text: tf.Tensor  # [batch] string, "" for none
    history_item_ids: tf.Tensor  # [batch, width] string, "" = none
    history_texts: tf.Tensor  # [batch, width] string; "" and no item is padding
    history_events: tf.Tensor  # [batch, width] string, "" = the usual kind
    history_values: tf.Tensor  # [batch, width] float32, NaN = a typical value
    history_timestamps: tf.Tensor  # [batch, width] int64 UTC seconds, 0 = unknown
    now: tf.Tensor  # [batch] int64 UTC seconds, 0 = unknown: after the last event
    features: dict = {}  # input name of a feature column -> [batch] or [batch, width]


class PopularItems(NamedTuple):
    """How often some items are had now: counts of events that fade with their age."""

    popular_item_ids: tf.Tensor  # [batch, width] string, "" is padding
    popular_counts: (
        tf.Tensor
    )  # [batch, width] float32, half-life a week; not > 0 = none
    popular_recent_counts: tf.Tensor  # [batch, width] float32, half-life an hour
    popular_total: tf.Tensor  # [batch] float32, of all items; at least those given


class RequestOptions(NamedTuple):
    """What may come back."""

    now: tf.Tensor  # [batch] int64 UTC seconds, 0 = unknown: by the clock
    k: tf.Tensor  # [batch] int32, at least 1
    exclude_item_ids: tf.Tensor  # [batch, width] string, "" is padding
    met_item_ids: tf.Tensor  # [batch, width] string, met outside of the history
    categories: tf.Tensor  # [batch, width] string, any of them; "" is padding
    domain: tf.Tensor  # [batch, width] string, any of them; "" is padding
    min_probability: tf.Tensor  # [batch] float32
    diversity: tf.Tensor  # [batch] float32, 0 = best items only, 1 = unlike items
    boost_labels: tf.Tensor  # [batch, width] string; "" is padding
    boost_values: tf.Tensor  # [batch, width] float32, added to scores of these labels
    freshness_weight: tf.Tensor  # [batch] float32, added to the score of a new item
    freshness_half_life_hours: tf.Tensor  # [batch] float32, after which it is half
    filters: dict = {}  # input name of a limit of an attribute -> [batch, ...]


def history_only(histories):
    """A `QueryInputs` of histories of item ids, given as Python lists, oldest first."""
    ids = tf.ragged.constant(histories, tf.string).to_tensor("")
    return text_only(tf.fill([len(histories)], ""))._replace(history_item_ids=ids)


def text_only(user_texts):
    """A `QueryInputs` of people of whom nothing but a text is known, `[n]` strings."""
    return QueryInputs(
        user_text=user_texts,
        query_text=tf.constant([""]),
        history_item_ids=tf.constant([[""]]),
        history_texts=tf.constant([[""]]),
        history_events=tf.constant([[""]]),
        history_values=tf.constant([[math.nan]]),
        history_timestamps=tf.constant([[0]], tf.int64),
        now=tf.constant([0], tf.int64),
    )


def nothing_popular():
    """A `PopularItems` of no item."""
    return PopularItems(
        popular_item_ids=tf.constant([[""]]),
        popular_counts=tf.constant([[0.0]]),
        popular_recent_counts=tf.constant([[0.0]]),
        popular_total=tf.constant([0.0]),
    )


def options_for(k, exclude):
    """A `RequestOptions` for `k` items but those excluded, given as Python strings."""
    return RequestOptions(
        now=tf.constant([0], tf.int64),
        k=tf.constant([k]),
        exclude_item_ids=tf.constant([[*exclude, ""]]),
        met_item_ids=tf.constant([[""]]),
        categories=tf.constant([[""]]),
        domain=tf.constant([[""]]),
        min_probability=tf.constant([0.0]),
        diversity=tf.constant([0.0]),
        boost_labels=tf.constant([[""]]),
        boost_values=tf.constant([[0.0]]),
        freshness_weight=tf.constant([0.0]),
        freshness_half_life_hours=tf.constant([0.0]),
    )


def readable(options):
    """`RequestOptions` without NaN, which stands for no limit; boosts are finite."""
    return options._replace(
        min_probability=without_nan(options.min_probability),
        diversity=without_nan(options.diversity),
        boost_values=_as_wide(_boosts(options.boost_values), options.boost_labels),
        freshness_weight=_boosts(options.freshness_weight),
        freshness_half_life_hours=bounded(options.freshness_half_life_hours),
    )


def _boosts(values):
    return tf.clip_by_value(without_nan(values), -MAX_BOOST, MAX_BOOST)


def _as_wide(values, labels):
    widths = tf.stack([tf.shape(labels)[1], tf.shape(values)[1]])
    rule = (
        "`boost_values` must be as wide as `boost_labels`, because each label has one."
    )
    return required(values, widths[0] == widths[1], rule, widths)


def at_the_clock(now):
    """Times of asking, `[n]` int64, with the clock's in place of 0."""
    return tf.where(now > 0, now, tf.cast(tf.timestamp(), tf.int64))


def to_batch(tensors, batch):
    """Gives absent inputs, whose defaults have length 1, the batch's length.

    Args:
        tensors: `QueryInputs`, `PopularItems` or `RequestOptions`, each tensor
            `[1 or batch, ...]`.
        batch: scalar int32 tensor.

    Returns:
        The same tuple, each tensor `[batch, ...]`; what belongs to item ids as wide
        as these.
    """

    def broadcast(name, tensor):
        if isinstance(tensor, dict):
            return {each: broadcast(each, held) for each, held in tensor.items()}
        if tensor.shape.rank == 1:
            return tf.broadcast_to(tensor, [batch])
        ids = getattr(tensors, f"{name.partition('_')[0]}_item_ids", tensor)
        return tf.broadcast_to(tensor, tf.stack([batch, tf.shape(ids)[1]]))

    pairs = zip(tensors._fields, tensors, strict=True)
    return type(tensors)(*(broadcast(name, tensor) for name, tensor in pairs))
