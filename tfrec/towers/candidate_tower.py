"""Candidate tower: an item's vector from its text, its categories, its feature columns
and, if it has been learnt, its id."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("tfrec")
class CandidateTower(keras.layers.Layer):
    """`text part + category part + features + id part`, all in the towers' space.

    The id part is dropped for random items in training and absent for items
    without a training event, so that an item is served from its text from the
    first second. An item that has nothing but its id keeps it.

    Args:
        dim: int, size of the output.
        num_items: int, rows of the id table.
        num_categories: int, 0 for a catalogue without categories.
        id_dropout: float, share of items that lose their id part in a step, if they
            have another.
        dropout: float, share of the text part's hidden activations dropped.

    Reference:
        Volkovs et al., DropoutNet: Addressing Cold Start in Recommender Systems,
        NeurIPS 2017.
    """

    def __init__(self, dim, num_items, num_categories, id_dropout, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.num_items, self.num_categories = dim, num_items, num_categories
        self.id_dropout, self.dropout = id_dropout, dropout
        self.seeds = keras.random.SeedGenerator(0)
        # === Layers ===
        self.text_hidden = keras.layers.Dense(2 * dim, "gelu", name="text_hidden")
        self.text_output = keras.layers.Dense(dim, name="text_output")
        self.drop = keras.layers.Dropout(dropout, name="drop")

    def build(self, text_vectors_shape):
        self.text_hidden.build(text_vectors_shape)
        self.text_output.build((None, 2 * self.dim))
        self.id_table = self.add_weight(
            shape=(self.num_items, self.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="id_table",
        )
        self.category_table = self.add_weight(
            shape=(self.num_categories, self.dim),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="category_table",
        )

    def call(
        self, text_vectors, categories, rows, has_id, features=None, training=False
    ):
        """Vectors of some items.

        Args:
            text_vectors: `[n, text_dim]` float tensor.
            categories: `[n, num_categories]` float tensor; a row sums to 1, or
                to 0 for an item without a category.
            rows: `[n]` int tensor of item rows; -1 for items that are not in
                the id table.
            has_id: `[n]` bool tensor: whether the row's id part was learnt.
            features: `Said` of the rows' feature columns, or None.

        Returns:
            `[n, dim]` float tensor.
        """
        hidden = self.drop(self.text_hidden(text_vectors), training=training)
        vectors = self.text_output(hidden)
        vectors += tf.cast(tf.matmul(categories, self.category_table), vectors.dtype)
        is_bare = tf.reduce_all(tf.concat([text_vectors, categories], 1) == 0, axis=1)
        if features is not None:
            vectors += tf.cast(features.vectors, vectors.dtype)
            is_bare &= ~features.is_known
        keep = tf.cast(tf.logical_and(has_id, rows >= 0), vectors.dtype)
        if self.id_dropout == 1:  # ids that never learn say nothing
            keep = tf.zeros_like(keep)
        elif training and self.id_dropout:
            uniform = keras.random.uniform(tf.shape(keep), seed=self.seeds)
            keep *= tf.cast((uniform >= self.id_dropout) | is_bare, keep.dtype)
        ids = tf.gather(self.id_table, tf.maximum(rows, 0))
        return vectors + tf.cast(ids, vectors.dtype) * keep[:, None]

    def get_config(self):
        names = ("dim", "num_items", "num_categories", "id_dropout", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
