"""From one vector per token to one vector per text."""

import tensorflow as tf


def masked_mean(hidden, mask):
    """Mean over the real positions.

    Args:
        hidden: `[n, length, dim]` float tensor.
        mask: `[n, length]` bool tensor, False at padding.

    Returns:
        `[n, dim]` float32 tensor; zeros for a row without a real position.
    """
    weights = tf.cast(mask, tf.float32)[:, :, None]
    total = tf.reduce_sum(tf.cast(hidden, tf.float32) * weights, axis=1)
    return total / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)
