"""Numbers as callers send them, kept to what products of two can bear."""

import tensorflow as tf

LARGEST = 1e9  # far beyond any number that a model gives, far below overflow


def bounded(numbers):
    """The numbers, at most 1e9 in size, and 0 where they are none (NaN).

    Args:
        numbers: float tensor of any shape.

    Returns:
        Finite tensor of that shape.
    """
    return tf.clip_by_value(without_nan(numbers), -LARGEST, LARGEST)


def without_nan(numbers):
    """The numbers of a float tensor, 0 where they are none."""
    return tf.where(tf.math.is_nan(numbers), tf.zeros_like(numbers), numbers)
