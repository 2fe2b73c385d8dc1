"""What texts let expect of items about which the log says nothing."""

import copy

import numpy as np
import tensorflow as tf

LEAST_VARIANCE = 1e-6  # or texts that are all the same could not be solved for


class TextRegression(tf.Module):
    """Ridge regression of some numbers of an item on its text vector.

    The ridge follows the variance of the vectors, which an encoder that learns does not
    fix: of two trainings of one LSTM, one had six times that of the other.

    Args:
        text_vectors: `[n, text_dim]` float tensor of the items to learn from.
        values: `[n, num_values]` float array.
        ridge: positive float, in units of the variance of the text vectors.
    """

    def __init__(self, text_vectors, values, ridge):
        super().__init__(name="text_regression")
        centred = tf.math.l2_normalize(text_vectors, axis=1).numpy()
        mean = centred.mean(axis=0)
        centred -= mean  # in place: these vectors are large
        gram = centred.T @ centred
        variance = max(np.trace(gram) / len(centred), LEAST_VARIANCE)
        gram = gram + ridge * variance * np.eye(len(gram))
        text_map = np.linalg.solve(gram, centred.T @ values.astype(centred.dtype))
        self.mean, self.map = tf.constant(mean), tf.constant(text_map, tf.float32)

    def __call__(self, text_vectors):
        """Expected numbers, `[n, num_values]`; zeros for items without a text."""
        centred = tf.math.l2_normalize(text_vectors, axis=1) - self.mean
        has_text = tf.reduce_any(text_vectors != 0, axis=1, keepdims=True)
        return tf.where(has_text, tf.matmul(centred, self.map), 0.0)

    def of_values(self, places):
        """The regression of some of the numbers.

        Args:
            places: `[n]` int array.

        Returns:
            `TextRegression`.
        """
        part = copy.copy(self)
        part.map = tf.gather(self.map, places, axis=1)
        return part
