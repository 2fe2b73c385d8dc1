"""Feature tower: a vector of what the feature columns of one side say."""

import keras
import numpy as np
import tensorflow as tf

from tfrec.towers.on_last_axis import on_last_axis

MISSING_SHARE = 0.1  # of the cells, in training: a served row may lack any of them


@keras.saving.register_keras_serializable("tfrec")
class FeatureTower(keras.layers.Layer):
    """The sum of what the columns say, and what they say together.

    Args:
        dim: int, size of the output.
        num_ids: int, rows of the embedding table.
        starts: sequence of ints, the row of each column's missing cell.
        num_parts: sequence of ints, of each column's cells at most.
        widths: sequence of ints, of the vectors of each column, 0 for other kinds.
        dropout: float, share of the hidden activations dropped.
    """

    def __init__(self, dim, num_ids, starts, num_parts, widths, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.num_ids, self.dropout = dim, num_ids, dropout
        self.starts, self.num_parts = [*map(int, starts)], [*map(int, num_parts)]
        self.widths = [*map(int, widths)]
        self.seeds = keras.random.SeedGenerator(0)
        # === Layers ===
        self.projection = keras.layers.Dense(dim, use_bias=False, name="projection")
        self.hidden = keras.layers.Dense(2 * dim, "gelu", name="hidden")
        self.together = keras.layers.Dense(dim, name="together")
        self.drop = keras.layers.Dropout(dropout, name="drop")

    def build(self, *shapes):
        self.embeddings = self.add_weight(
            shape=(self.num_ids, self.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="embeddings",
        )
        if sum(self.widths):
            self.projection.build((None, sum(self.widths)))
        self.hidden.build((None, self.dim))
        self.together.build((None, 2 * self.dim))

    def call(self, ids, weights, vectors, training=False):
        """Vectors of coded features.

        Args:
            ids: `[..., C, S]` int tensor, as in `CodedFeatures`.
            weights: `[..., C, S]` float tensor.
            vectors: `[..., width]` float tensor.

        Returns:
            `[..., dim]` float tensor.
        """
        said = tf.zeros([], self.compute_dtype)
        kept = tf.ones(tf.shape(ids)[:-1], tf.bool)
        if training:
            kept = keras.random.uniform(tf.shape(kept), seed=self.seeds)
            kept = kept >= MISSING_SHARE
        for column in range(len(self.starts)):
            found = self._said(column, ids, weights, kept[..., column, None])
            said += tf.cast(found, said.dtype)
        if sum(self.widths):
            columns = np.repeat(np.arange(len(self.widths)), self.widths)
            is_kept = tf.cast(tf.gather(kept, columns, axis=-1), vectors.dtype)
            said += on_last_axis(self.projection, vectors * is_kept)
        hidden = self.drop(on_last_axis(self.hidden, said), training=training)
        return said + on_last_axis(self.together, hidden)

    def _said(self, column, ids, weights, is_kept):
        """`[..., dim]`: the weighted sum of a column's parts."""
        num_parts = self.num_parts[column]
        ids = tf.where(is_kept, ids[..., column, :num_parts], self.starts[column])
        first = tf.one_hot(0, num_parts)
        weights = tf.where(is_kept, weights[..., column, :num_parts], first)
        found = tf.gather(self.embeddings, ids)
        return tf.reduce_sum(found * weights[..., None], axis=-2)

    def get_config(self):
        names = ("dim", "num_ids", "starts", "num_parts", "widths", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
