"""Text encoders that were trained with words before each text, such as "query: "."""

import hashlib

import keras
import tensorflow as tf

from tfrec.text.encoder import TextEncoder


@keras.saving.register_keras_serializable("tfrec")
class PrefixedEncoder(TextEncoder):
    """An encoder that reads a prefix before each text; it has the weights of another.

    Args:
        encoder: `TextEncoder`.
        prefix: str.
    """

    def __init__(self, encoder, prefix, **kwargs):
        super().__init__(encoder.tokenizer, encoder.dim, **kwargs)
        self.encoder, self.prefix = encoder, prefix
        self.built = True  # the weights are there

    def prepare(self, texts):
        return tf.strings.join([self.prefix, self.encoder.prepare(texts)])

    def encode_tokens(self, token_ids, mask, training=None):
        return self.encoder.encode_tokens(token_ids, mask, training)

    @property
    def fingerprint(self):
        return hashlib.sha256(
            f"{self.encoder.fingerprint}{self.prefix}".encode()
        ).hexdigest()

    def get_config(self):
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return super().get_config() | {"encoder": encoder, "prefix": self.prefix}

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def with_prefixes(of_items, of_queries, config):
    """Encoders of items and of what people write, with the prefixes of each.

    Args:
        of_items: text encoder, or None.
        of_queries: another one, or None for the same.
        config: `TextConfig`.

    Returns:
        `(of_items, of_queries)`, as they were where there are no prefixes.
    """
    if of_items is None or not (config.item_prefix or config.query_prefix):
        return of_items, of_queries
    of_queries = of_queries or of_items
    return (
        PrefixedEncoder(of_items, config.item_prefix),
        PrefixedEncoder(of_queries, config.query_prefix),
    )
