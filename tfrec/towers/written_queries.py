"""What people wrote before, as a part of their queries."""

import tensorflow as tf


def written_queries(text_query, texts, text_rows, weights):
    """What the texts of histories add to queries.

    Each is read as a free-text query is, once in a batch.

    Args:
        text_query: layer from texts' vectors to queries.
        texts: `[num_texts, text_dim]` float tensor.
        text_rows: `[..., n]` int32 tensor, -1 for padding.
        weights: `[..., n]` float32 tensor, 0 for padding.

    Returns:
        `[..., dim]` float tensor.
    """
    shape = tf.shape(text_rows)
    rows, places = tf.unique(tf.reshape(tf.maximum(text_rows, 0), [-1]))
    vectors = tf.math.l2_normalize(tf.gather(texts, rows), -1)
    said = text_query(vectors)
    said = tf.gather(said, tf.reshape(places, shape))
    return tf.reduce_sum(said * tf.cast(weights, said.dtype)[..., None], axis=-2)
