"""Text vectors that came with the items, of any provider and of any kind."""

import functools

import keras
import tensorflow as tf

from tfrec.errors import DataError
from tfrec.text.encoder import traced


@keras.saving.register_keras_serializable("tfrec")
class PrecomputedEncoder(keras.layers.Layer):
    """Stands for an encoder that nobody has: each text is the zero vector.

    The vectors of the catalogue's items are their own, in the column `vector`. Of texts
    that come later the model reads the words alone.

    Args:
        dim: int, size of a vector.

    Example:
    >>> PrecomputedEncoder(2)(["a", "b"]).numpy().tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """

    encode = functools.cached_property(traced)
    is_trainable = False

    def __init__(self, dim, **kwargs):
        super().__init__(**kwargs)
        self.dim, self.built = dim, True

    def __call__(self, texts, **kwargs):
        return tf.zeros([tf.shape(tf.convert_to_tensor(texts, tf.string))[0], self.dim])

    def count_tokens(self, texts):
        """`[n]` int32: none."""
        return tf.zeros_like(texts, tf.int32)

    @property
    def fingerprint(self):
        """What decides the output."""
        return f"precomputed {self.dim}"

    def get_config(self):
        return super().get_config() | {"dim": self.dim}


def precomputed_encoders(items):
    """Encoders of items and of what people write, for items with vectors.

    Args:
        items: `Items`.

    Returns:
        Two `PrecomputedEncoder`s, since a person's text has no vector.

    Raises:
        DataError: the items have no vectors, or these differ in length.
    """
    vectors = items.vectors
    if vectors is None:
        raise DataError(
            "Items must have a column `vector`, because `model.text_encoder` is "
            '"precomputed". Received: none. Add it, or name it in `data.columns`.'
        )
    return PrecomputedEncoder(vectors.shape[1]), PrecomputedEncoder(vectors.shape[1])


def given_vectors(items, encoder):
    """`[num_items, dim]` vectors that items bring for an encoder, None for others."""
    return items.vectors if isinstance(encoder, PrecomputedEncoder) else None
