"""What every text tower is, and what they share."""

import functools
import hashlib
import json
from collections.abc import Callable

import keras
import tensorflow as tf

from tfrec.graphs import private_graph
from tfrec.text.characters import plain


def traced(encoder) -> Callable:
    """`encoder` as one graph: `[n]` strings -> `[n, dim]` vectors."""
    specs = [tf.TensorSpec([None], tf.string)]
    return private_graph(encoder, input_signature=specs)


class TextEncoder(keras.layers.Layer):
    """`[n]` strings in, `[n, dim]` float32 vectors out.

    Works inside a `tf.function`, and in a SavedModel that is read without tfrec.
    Subclasses own their weights from birth and define `encode_tokens`.

    Args:
        tokenizer: `Tokenizer`.
        dim: size of a vector.
    """

    encode = functools.cached_property(traced)

    def __init__(self, tokenizer, dim, **kwargs):
        super().__init__(**kwargs)
        self.tokenizer, self.dim = tokenizer, dim

    @property
    def max_length(self):
        """Tokens per text; longer texts are cut."""
        return self.tokenizer.max_length

    def __call__(self, texts, **kwargs):
        if not keras.backend.is_keras_tensor(texts):
            # Keras itself would refuse a list of strings.
            texts = tf.convert_to_tensor(texts, tf.string)
        return super().__call__(texts, **kwargs)

    def call(self, texts, training=None):
        token_ids, mask = self.tokenizer(self.prepare(texts))
        vectors = self.encode_tokens(token_ids, mask, training)
        return tf.cast(tf.ensure_shape(vectors, [None, self.dim]), tf.float32)

    def prepare(self, texts):
        """Texts as they are cut into tokens: full-width letters are half-width ones."""
        return plain(texts)

    def encode_tokens(self, token_ids, mask, training=None):
        """Vectors of tokenised texts.

        Args:
            token_ids: `[n, length]` int32 tensor.
            mask: `[n, length]` bool tensor, False at padding.
            training: whether dropout acts.

        Returns:
            `[n, dim]` float tensor.
        """
        raise NotImplementedError

    def count_tokens(self, texts):
        """`[n]` int32: lengths of texts to the encoder, for batches of like ones."""
        _, mask = self.tokenizer(self.prepare(tf.convert_to_tensor(texts)))
        return tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)

    @property
    def is_trainable(self):
        """Whether training changes what a text is encoded to."""
        return bool(self.trainable_variables)

    @property
    def fingerprint(self):
        """Hex SHA-256 of all that decides the output: settings and weights."""
        config = {k: v for k, v in self.get_config().items() if k != "name"}
        digest = hashlib.sha256(type(self).__name__.encode())
        digest.update(json.dumps(config, sort_keys=True).encode())
        for weight in self.get_weights():
            digest.update(weight.tobytes())
        return digest.hexdigest()


def masked_mean(hidden, mask):
    """One vector per text: the mean of those of its tokens.

    Args:
        hidden: `[n, length, dim]` float tensor.
        mask: `[n, length]` bool tensor, False at padding.

    Returns:
        `[n, dim]` float32 tensor; zeros for a row without a real position.
    """
    weights = tf.cast(mask, tf.float32)[:, :, None]
    total = tf.reduce_sum(tf.cast(hidden, tf.float32) * weights, axis=1)
    return total / tf.maximum(tf.reduce_sum(weights, axis=1), 1.0)
