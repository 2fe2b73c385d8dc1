"""Searches made up in training, so that free texts find items once it is over."""

import keras
import tensorflow as tf

SHARE = 8  # one window in so many carries searches
NOISE = (1.0, 3.0)  # length of the noise on a search, the text's being 1


def augmented_queries(text_query, texts, item_rows, seeds):
    """What searches that would find the targets add to some windows' queries.

    A search is the target's text with much noise. The batch is in random order, so
    its first windows are a random sample.

    Args:
        text_query: layer from texts' vectors to queries.
        texts: `[num_items, text_dim]` float tensor.
        item_rows: `[batch, length]` int32 tensor, -1 for padding.
        seeds: `keras.random.SeedGenerator`.

    Returns:
        `[batch, length, dim]` float tensor; 0 for windows without.
    """
    num_windows = tf.shape(item_rows)[0]
    num_searched = num_windows // SHARE
    found = tf.gather(texts, tf.maximum(item_rows[:num_searched], 0))
    found = tf.math.l2_normalize(found, -1)
    shape = tf.shape(found)
    noise = keras.random.normal(shape, seed=seeds) * found.shape[-1] ** -0.5
    noise *= keras.random.uniform(shape[:2], *NOISE, seed=seeds)[..., None]
    searches = text_query(tf.math.l2_normalize(found + noise, -1))
    return tf.pad(searches, [[0, num_windows - num_searched], [0, 0], [0, 0]])
