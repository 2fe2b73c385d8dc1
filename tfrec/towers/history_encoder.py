"""History encoders: what the events so far amount to, at every position.

Both take `[batch, length, dim]` event vectors with the length's first place held
by a start token, and give `[batch, length, dim]` states in which position `i`
has seen positions `0..i` only, so that every position of a history is a training
example.
"""

import keras
import tensorflow as tf

from tfrec.towers.time_features import NUM_AGE_BUCKETS, age_bucket

NEGATIVE = -1e9  # a logit that no softmax can see; finite, so that rows of it are too
MAX_RANK = 64  # distances in events beyond it share one bias


@keras.saving.register_keras_serializable("tfrec")
class RelativeBias(keras.layers.Layer):
    """A learnt bias of attention for "how long ago" and "how many events ago".

    Args:
        num_heads: int.
    """

    def __init__(self, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.num_heads = num_heads

    def build(self, *shapes):
        self.by_age = self.add_weight(
            shape=(self.num_heads, NUM_AGE_BUCKETS), initializer="zeros", name="by_age"
        )
        self.by_rank = self.add_weight(
            shape=(self.num_heads, MAX_RANK + 1), initializer="zeros", name="by_rank"
        )

    def call(self, ages, ranks):
        """Bias per head.

        Args:
            ages: `[batch, queries, keys]` int tensor of age buckets.
            ranks: int tensor that broadcasts with `ages`: events in between.

        Returns:
            `[heads, batch, queries, keys]` float tensor.
        """
        ranks = tf.clip_by_value(ranks, 0, MAX_RANK)
        by_age = tf.gather(self.by_age, ages, axis=1)
        return by_age + tf.gather(self.by_rank, ranks, axis=1)

    def get_config(self):
        return {**super().get_config(), "num_heads": self.num_heads}


@keras.saving.register_keras_serializable("tfrec")
class AttentionBlock(keras.layers.Layer):
    """Pre-norm causal self-attention with relative time, then a small MLP.

    Args:
        dim: int, of input and output.
        num_heads: int, divides `dim`.
        dropout: float, share of activations dropped in training.

    Reference:
        Kang & McAuley, Self-Attentive Sequential Recommendation, ICDM 2018,
        https://arxiv.org/abs/1808.09781; Li et al., Time Interval Aware
        Self-Attention for Sequential Recommendation, WSDM 2020,
        https://doi.org/10.1145/3336191.3371786
    """

    def __init__(self, dim, num_heads, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.num_heads, self.dropout = dim, num_heads, dropout
        # === Layers ===
        self.attention_norm = keras.layers.LayerNormalization(name="attention_norm")
        self.query_key_value = keras.layers.Dense(3 * dim, name="query_key_value")
        self.relative_bias = RelativeBias(self.num_heads, name="relative_bias")
        self.attention_output = keras.layers.Dense(dim, name="attention_output")
        self.mlp_norm = keras.layers.LayerNormalization(name="mlp_norm")
        self.mlp_hidden = keras.layers.Dense(2 * dim, "gelu", name="mlp_hidden")
        self.mlp_output = keras.layers.Dense(dim, name="mlp_output")
        self.drop = keras.layers.Dropout(self.dropout, name="drop")

    def build(self, *shapes):
        of_dim = (self.attention_norm, self.query_key_value, self.attention_output)
        for layer in (*of_dim, self.mlp_norm, self.mlp_hidden):
            layer.build((None, self.dim))
        self.mlp_output.build((None, 2 * self.dim))
        self.relative_bias.build()

    def call(self, x, may_see, ages, ranks, training=False):
        """States after the block.

        Args:
            x: `[batch * length, dim]` float tensor: Keras' layers are quickest so.
            may_see: `[batch, length, length]` bool tensor.
            ages: `[batch, length, length]` int tensor of age buckets.
            ranks: int tensor that broadcasts with `ages`.

        Returns:
            `[batch * length, dim]` float tensor.
        """
        bias = tf.where(may_see[None], self.relative_bias(ages, ranks), NEGATIVE)
        attended = self._attend(self.attention_norm(x), bias, training)
        x = x + self.drop(attended, training=training)
        hidden = self.mlp_output(self.mlp_hidden(self.mlp_norm(x)))
        return x + self.drop(hidden, training=training)

    def _attend(self, x, bias, training):
        """Attention with the heads laid along the batch, which needs no transposing."""
        num_heads, length = self.num_heads, tf.shape(bias)[-1]
        heads = tf.split(self.query_key_value(x), 3 * num_heads, axis=1)
        shape = [-1, length, self.dim // num_heads]
        queries, keys, values = (
            tf.reshape(tf.concat(heads[i : i + num_heads], axis=0), shape)
            for i in range(0, 3 * num_heads, num_heads)
        )
        logits = tf.matmul(queries, keys, transpose_b=True) * shape[-1] ** -0.5
        logits += tf.cast(tf.reshape(bias, [-1, length, length]), logits.dtype)
        weights = self.drop(tf.nn.softmax(logits), training=training)
        attended = tf.reshape(tf.matmul(weights, values), [-1, shape[-1]])
        attended = tf.concat(tf.split(attended, num_heads), axis=1)
        return self.attention_output(attended)

    def get_config(self):
        own = {"dim": self.dim, "num_heads": self.num_heads, "dropout": self.dropout}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable("tfrec")
class AttentionHistoryEncoder(keras.layers.Layer):
    """A stack of `AttentionBlock`s.

    Args:
        dim: int, of input and output.
        num_layers: int.
        num_heads: int.
        dropout: float.
    """

    def __init__(self, dim, num_layers, num_heads, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.num_layers = dim, num_layers
        self.num_heads, self.dropout = num_heads, dropout
        self.blocks = [
            AttentionBlock(dim, num_heads, dropout, name=f"block_{i}")
            for i in range(num_layers)
        ]
        self.norm = keras.layers.LayerNormalization(name="norm")

    def build(self, *shapes):
        for layer in (*self.blocks, self.norm):
            layer.build((None, self.dim))

    def call(self, x, mask, timestamps, training=False):
        """States of all positions.

        Args:
            x: `[batch, length, dim]` float tensor.
            mask: `[batch, length]` bool tensor, False for padding.
            timestamps: `[batch, length]` int64 tensor.

        Returns:
            `[batch, length, dim]` float tensor.
        """
        positions = tf.range(tf.shape(x)[1])
        ranks = positions[:, None] - positions[None, :]
        may_see = tf.logical_and(mask[:, None, :], ranks[None] >= 0)
        ages = age_bucket(timestamps[:, :, None], timestamps[:, None, :])
        states = tf.reshape(x, [-1, self.dim])
        for block in self.blocks:
            states = block(states, may_see, ages, ranks[None], training=training)
        return tf.reshape(self.norm(states), tf.shape(x))

    def get_config(self):
        names = ("dim", "num_layers", "num_heads", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


@keras.saving.register_keras_serializable("tfrec")
class LstmHistoryEncoder(keras.layers.Layer):
    """A stack of LSTMs; time reaches it through the gaps in the event vectors.

    Args:
        dim: int, of input and output.
        num_layers: int.
        dropout: float.
    """

    def __init__(self, dim, num_layers, dropout, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.num_layers, self.dropout = dim, num_layers, dropout
        self.lstms = [
            keras.layers.LSTM(dim, return_sequences=True, name=f"lstm_{i}")
            for i in range(num_layers)
        ]
        self.drop = keras.layers.Dropout(dropout, name="drop")
        self.norm = keras.layers.LayerNormalization(name="norm")

    def build(self, *shapes):
        for layer in (*self.lstms, self.norm):
            layer.build((None, None, self.dim))

    def call(self, x, mask, timestamps, training=False):
        """States of all positions; the same contract as the attention encoder."""
        for lstm in self.lstms:
            x = x + lstm(self.drop(x, training=training), mask=mask)
        return self.norm(x)

    def get_config(self):
        own = {"dim": self.dim, "num_layers": self.num_layers, "dropout": self.dropout}
        return {**super().get_config(), **own}


def make_history_encoder(kind, dim, num_layers, num_heads, dropout):
    """A history encoder by its kind.

    Args:
        kind: `"attention"` or `"lstm"`; None for a log without times.
        dim: int, of events and states.
        num_layers: int.
        num_heads: int, of attention.
        dropout: float, share of activations.

    Returns:
        A `keras.layers.Layer` called as `(x, mask, timestamps, training)`, or None.
    """
    if kind is None:
        return None
    if kind == "lstm":
        return LstmHistoryEncoder(dim, num_layers, dropout, name="lstm")
    return AttentionHistoryEncoder(
        dim, num_layers, num_heads, dropout, name="attention"
    )
