"""Texts as vectors in the graph: what the text tower makes of them, and their words."""

import tensorflow as tf

from tfrec.graphs import graph
from tfrec.inference.text_cache import TextCache


class TextVectors(tf.Module):
    """`[n]` strings -> `[n, text_dim]`; zeros, at no cost, where all are `""`.

    Args:
        encoder: layer of `tfrec.text`, or None: then all vectors are zero.
        words: `Words`, or None without an encoder.
        dim: int, `text_dim`.
    """

    def __init__(self, encoder, words, dim):
        super().__init__(name="text_vectors")
        self.encoder, self.words, self.dim = encoder, words, dim
        if encoder is not None:
            self._vectors = TextCache(self._encode, dim)
            # A function of its own: saved once, however many signatures encode texts.
            self._encoded = graph(
                self._cached, input_signature=[tf.TensorSpec([None], tf.string)]
            )

    def __call__(self, texts):
        return self._nothing(texts) if self.encoder is None else self._encoded(texts)

    def _cached(self, texts):
        return tf.cond(
            tf.reduce_any(texts != ""),
            lambda: self._vectors(texts),
            lambda: self._nothing(texts),
        )

    def _encode(self, texts):
        return tf.concat([self.encoder(texts), self.words(texts)], axis=1)

    def _nothing(self, texts):
        return tf.zeros([tf.shape(texts)[0], self.dim])


def text_vectors(model):
    """`(of items, of what people write)`: `TextVectors` of a `TwoTower`, often one."""
    encoders, dim = (model.text_encoder, model.query_text_encoder), model.texts.dim
    words = model.words(model.bm25_dim) if model.text_encoder else None
    of_items = TextVectors(encoders[0], words, dim)
    if encoders[0] is encoders[1]:
        return of_items, of_items
    return of_items, TextVectors(encoders[1], words, dim)
