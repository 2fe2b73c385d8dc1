"""Keras' `Dense` on tensors of rank 3, without its many small operations."""

import tensorflow as tf


def on_last_axis(dense, x):
    """`dense(x)` as one product of matrices.

    Args:
        dense: `keras.layers.Dense`.
        x: `[..., dim]` tensor of rank 2 or more, `dim` known.

    Returns:
        `[..., dense.units]` tensor.
    """
    shape = tf.concat([tf.shape(x)[:-1], [dense.units]], axis=0)
    flat = dense(tf.reshape(x, [-1, x.shape[-1]]))
    result = tf.reshape(flat, shape)
    result.set_shape([*x.shape[:-1], dense.units])
    return result
