"""Inputs that every model's signatures have: their types and defaults."""

import math

import tensorflow as tf

DEFAULT_K = 10


DEFAULT_LEARNING_RATE = 0.1


def spec_of(name, dtype, rank):
    """A `TensorSpec` of an input of so many axes, of any size."""
    return tf.TensorSpec([None] * rank, dtype, name=name)


SPECS = {
    "user_text": spec_of("user_text", tf.string, 1),
    "query_text": spec_of("query_text", tf.string, 1),
    "history_item_ids": spec_of("history_item_ids", tf.string, 2),
    "history_texts": spec_of("history_texts", tf.string, 2),
    "history_events": spec_of("history_events", tf.string, 2),
    "history_values": spec_of("history_values", tf.float32, 2),
    "history_timestamps": spec_of("history_timestamps", tf.int64, 2),
    "now": spec_of("now", tf.int64, 1),
    "k": spec_of("k", tf.int32, 1),
    "exclude_item_ids": spec_of("exclude_item_ids", tf.string, 2),
    "met_item_ids": spec_of("met_item_ids", tf.string, 2),
    "categories": spec_of("categories", tf.string, 2),
    "domain": spec_of("domain", tf.string, 2),
    "min_probability": spec_of("min_probability", tf.float32, 1),
    "diversity": spec_of("diversity", tf.float32, 1),
    "boost_labels": spec_of("boost_labels", tf.string, 2),
    "boost_values": spec_of("boost_values", tf.float32, 2),
    "freshness_weight": spec_of("freshness_weight", tf.float32, 1),
    "freshness_half_life_hours": spec_of("freshness_half_life_hours", tf.float32, 1),
    "allow_repeats": spec_of("allow_repeats", tf.bool, 1),
    "popular_item_ids": spec_of("popular_item_ids", tf.string, 2),
    "popular_counts": spec_of("popular_counts", tf.float32, 2),
    "popular_recent_counts": spec_of("popular_recent_counts", tf.float32, 2),
    "popular_total": spec_of("popular_total", tf.float32, 1),
    "interest": spec_of("interest", tf.float32, 2),
    "candidate_item_ids": spec_of("candidate_item_ids", tf.string, 2),
    "title": spec_of("title", tf.string, 1),
    "text": spec_of("text", tf.string, 1),
    "category": spec_of("category", tf.string, 1),
    "item_ids": spec_of("item_ids", tf.string, 1),
    "reward": spec_of("reward", tf.float32, 1),
    "learning_rate": spec_of("learning_rate", tf.float32, 1),
    "available_from": spec_of("available_from", tf.int64, 1),
    "available_until": spec_of("available_until", tf.int64, 1),
    "after": spec_of("after", tf.string, 1),
    "removed_item_ids": spec_of("removed_item_ids", tf.string, 1),
    "vectors": spec_of("vectors", tf.float32, 2),
    "memories": spec_of("memories", tf.float32, 2),
    "text_keys": spec_of("text_keys", tf.int64, 1),
    "numbers": spec_of("numbers", tf.float32, 2),
    "times": spec_of("times", tf.int64, 2),
}


DEFAULTS = {
    "query_text": [""],
    "history_item_ids": [[""]],
    "history_texts": [[""]],
    "history_events": [[""]],
    "history_values": [[math.nan]],
    "history_timestamps": [[0]],
    "now": [0],
    "k": [DEFAULT_K],
    "exclude_item_ids": [[""]],
    "met_item_ids": [[""]],
    "categories": [[""]],
    "domain": [[""]],
    "min_probability": [0.0],
    "diversity": [0.0],
    "boost_labels": [[""]],
    "boost_values": [[0.0]],
    "freshness_weight": [0.0],
    "freshness_half_life_hours": [0.0],
    "allow_repeats": [False],
    "popular_item_ids": [[""]],
    "popular_counts": [[0.0]],
    "popular_recent_counts": [[0.0]],
    "popular_total": [0.0],
    "text": [""],
    "category": [""],
    "learning_rate": [DEFAULT_LEARNING_RATE],
}
