"""One transformer block of BERT, laid out for speed on CPUs."""

import keras
import tensorflow as tf


class BertBlock(keras.layers.Layer):
    """Self-attention and feed-forward network, each with a residual connection.

    Query, key and value come from one matrix product, and all products are over
    `[tokens, dim]` matrices, which TensorFlow fuses with bias, residual and GELU.

    Args:
        num_heads: attention heads.
        dim: size of a token's vector, a multiple of `num_heads`.
        intermediate_dim: width of the feed-forward network.
        epsilon: float, added to variances.
        dropout: share of activations dropped in training.

    Reference:
        Devlin et al., BERT, NAACL 2019, https://doi.org/10.18653/v1/N19-1423
    """

    def __init__(
        self, num_heads, dim, intermediate_dim, epsilon, dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.dim = dim

        # === Layers ===
        self.query_key_value = keras.layers.Dense(3 * dim)
        self.attention_output = keras.layers.Dense(dim)
        self.attention_norm = keras.layers.LayerNormalization(epsilon=epsilon)
        self.intermediate = keras.layers.Dense(intermediate_dim, activation=exact_gelu)
        self.output_dense = keras.layers.Dense(dim)
        self.output_norm = keras.layers.LayerNormalization(epsilon=epsilon)
        self.dropout = keras.layers.Dropout(dropout)
        for layer in (
            *(self.query_key_value, self.attention_output, self.attention_norm),
            *(self.intermediate, self.output_norm),
        ):
            layer.build((None, dim))
        self.output_dense.build((None, intermediate_dim))

    def call(self, tokens, mask, training=None):
        attended = self.attention_output(self._attend(tokens, mask, training))
        tokens = tokens + self.dropout(attended, training=training)
        tokens = self.attention_norm(tokens)
        update = self.output_dense(self.intermediate(tokens))
        return self.output_norm(tokens + self.dropout(update, training=training))

    def _attend(self, tokens, mask, training):
        """Each token's mixture of values, `[n * length, dim]`."""
        n, length = tf.unstack(tf.shape(mask))
        head_dim = self.dim // self.num_heads
        heads = tf.reshape(
            self.query_key_value(tokens), [n, length, 3, self.num_heads, head_dim]
        )
        query, key, value = tf.unstack(tf.transpose(heads, [2, 0, 3, 1, 4]))
        scores = tf.matmul(query, key, transpose_b=True) * head_dim**-0.5
        scores += tf.where(mask, tf.cast(0, scores.dtype), scores.dtype.min / 2)[
            :, None, None, :
        ]
        weights = self.dropout(tf.nn.softmax(scores), training=training)
        mixture = tf.transpose(tf.matmul(weights, value), [0, 2, 1, 3])
        return tf.reshape(mixture, [-1, self.dim])


def exact_gelu(x):
    """GELU through the error function, BERT's own; KerasHub's default is rounded."""
    return keras.activations.gelu(x, approximate=False)
