"""Encoding each distinct text of a batch once."""

import tensorflow as tf


def encode_unique(encoder, texts):
    """Equal to `encoder(texts)`, at the price of the distinct texts only.

    In-graph; gradients reach the encoder from every occurrence of a text.

    Args:
        encoder: callable from `[n]` strings to `[n, dim]` vectors.
        texts: `[n]` string tensor, repeats welcome.

    Returns:
        `[n, dim]` float32 tensor.
    """
    distinct, places = tf.unique(texts)
    return tf.gather(encoder(distinct), places)
