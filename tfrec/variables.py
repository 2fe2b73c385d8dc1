"""Tables of a model: a row for each item of the catalogue, or for each word."""

import tensorflow as tf


def table(values):
    """A table that is saved beside the graph, whose file may not exceed 2 GB.

    Args:
        values: `[num_rows, ...]` float array.

    Returns:
        float32 `tf.Variable` that is not trained.
    """
    return tf.Variable(values, trainable=False, dtype=tf.float32)


def take_rows(table, fresh, rows):
    """Rows of the catalogue's table, and after them those of fresh items.

    Args:
        table: `[num_items, ...]` tensor.
        fresh: `[n, ...]` tensor of the fresh items, or None.
        rows: int32 tensor of any shape; -1 reads row 0.

    Returns:
        Tensor of shape `rows.shape + table.shape[1:]`.
    """
    size = table.shape[0]
    # Gathered from its value: once a variable has been gathered from, TensorFlow copies
    # the whole of it for each product that reads it.
    value = tf.convert_to_tensor(table)
    known = tf.gather(value, tf.clip_by_value(rows, 0, size - 1))
    if fresh is None:
        return known
    is_fresh = rows >= size

    def mixed():
        new = tf.gather(fresh, tf.maximum(rows - size, 0))
        own = tf.reshape(is_fresh, tf.concat([tf.shape(rows), _ones(table)], axis=0))
        return tf.where(own, new, known)

    return tf.cond(tf.reduce_any(is_fresh), mixed, lambda: known)


def _ones(table):
    return tf.ones([table.shape.rank - 1], tf.int32)
