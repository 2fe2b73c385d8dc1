"""Which items a training step compares: all of them, or a corrected sample."""

import keras
import tensorflow as tf

from tfrec.model.losses import inclusion_log_q

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
            item_rows: `[batch, length]` int32 tensor of the batch's own items.

        Returns:
            `(rows, places)`: `[n]` distinct catalogue rows, and where each of
            `item_rows` stands among them.
        """
        if not self.num_negatives:
            return tf.range(self.num_items), item_rows
        uniform = keras.random.randint(
            [self.num_negatives], 0, self.num_items, seed=self.seeds
        )
        both = tf.concat([tf.reshape(item_rows, [-1]), uniform], axis=0)
        rows, places = tf.unique(both)
        return rows, tf.reshape(places[: tf.size(item_rows)], tf.shape(item_rows))

    def log_q(self, outputs):
        """`[n]` log probability of each candidate to be in the set; None if whole."""
        if not self.num_negatives:
            return None
        num_draws = tf.cast(tf.size(outputs["targets"]), tf.float32)
        log_q = inclusion_log_q(self.popularity, num_draws, self.num_negatives)
        return tf.gather(log_q, outputs["candidate_rows"])
