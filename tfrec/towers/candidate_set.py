"""Which items a training step compares: all of them, or a corrected sample."""

import keras
import tensorflow as tf

from tfrec.towers.losses import inclusion_log_q

FULL_SOFTMAX_ITEMS = 20_000  # up to here every item is a candidate in every step
SAMPLED_NEGATIVES = 2048  # beyond it, uniform draws beside the batch's own items


class CandidateSet:
    """The candidates of a step.

    A small catalogue takes part whole. Of a large one, the batch's own items and
    uniform draws do (mixed negatives), corrected by how likely each was drawn.

    Args:
        popularity: `[num_items]` int array of event counts.
        num_negatives: int, uniform draws; 0 chooses by the size of the catalogue.
        seeds: `keras.random.SeedGenerator`.

    Reference:
        Yang et al., Mixed Negative Sampling for Learning Two-tower Neural Networks
        in Recommendations, WWW 2020, https://doi.org/10.1145/3366424.3386195
    """

    def __init__(self, popularity, num_negatives, seeds):
        self.popularity = tf.constant(popularity, tf.float32)
        self.num_items = len(popularity)
        self.seeds = seeds
        if not num_negatives and self.num_items > FULL_SOFTMAX_ITEMS:
            num_negatives = SAMPLED_NEGATIVES
        self.num_negatives = num_negatives  # 0 = the whole catalogue

    def __call__(self, item_rows):
        """The step's candidates.

        Args:
            item_rows: `[batch, length]` int32 tensor of the batch's own items; -1 is
                padding.

        Returns:
            `(rows, places)`: `[n]` distinct catalogue rows, and where each of
            `item_rows` stands among them; 0 for padding.
        """
        if not self.num_negatives:
            return tf.range(self.num_items), tf.maximum(item_rows, 0)
        uniform = keras.random.randint(
            [self.num_negatives], 0, self.num_items, seed=self.seeds
        )
        is_real = item_rows >= 0
        own = tf.boolean_mask(item_rows, is_real)
        rows, places = tf.unique(tf.concat([own, uniform], axis=0))
        shape = tf.shape(item_rows, tf.int64)
        return rows, tf.scatter_nd(tf.where(is_real), places[: tf.size(own)], shape)

    def log_q(self, rows, item_rows):
        """How likely candidates were to be in the set.

        Args:
            rows: `[n]` int32 tensor of candidates.
            item_rows: `[batch, length]` int32 tensor of the batch's own items; -1 is
                padding.

        Returns:
            `[n]` float32 tensor of log probabilities; None if all items are in it.
        """
        if not self.num_negatives:
            return None
        num_draws = tf.reduce_sum(tf.cast(item_rows >= 0, tf.float32))
        log_q = inclusion_log_q(self.popularity, num_draws, self.num_negatives)
        return tf.gather(log_q, rows)
