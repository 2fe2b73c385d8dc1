"""Text vectors of a table's rows, each distinct text encoded once."""

import keras
import numpy as np
import tensorflow as tf

from tfrec.text.catalogue_cache import encode_in_batches

FRESH_TEXTS = 128  # of a batch, encoded with gradient by a text tower that learns


class TextTable(keras.layers.Layer):
    """`vectors` of all rows; those of a learning text tower follow it as it learns.

    A vector is what the tower makes of a text and, after it, the text's words, which
    say more of names and rare words than a general tower can. A frozen tower's vectors
    are constants. While a tower learns, each step encodes some of the batch's texts
    afresh, with gradient, and keeps the result; the other rows stand as they were when
    last seen.

    Args:
        texts: `[n]` str array; `""` has the zero vector.
        encoder: layer of `tfrec.text`, or None: all vectors are zero, of size 1.
        cache: `CatalogueCache`, used for a frozen tower, or None.
        words: `Words`, or None for vectors of the encoder alone.
        vectors: `[n, text_dim]` float array of a table that was saved, or None to
            encode the texts.
        given: `[n, dim]` float array in place of what a frozen tower makes of the
            texts, or None.

    Reference:
        Wang et al., Cross-Batch Memory for Embedding Learning, CVPR 2020,
        https://arxiv.org/abs/1912.06798
    """

    def __init__(
        self, texts, encoder, cache=None, words=None, vectors=None, given=None
    ):
        super().__init__()
        self.encoder, self.texts = encoder, np.asarray(texts, object)
        self.learns = encoder is not None and bool(encoder.trainable_variables)
        self.built = True  # here: there is no input shape to wait for
        self.words = np.zeros((len(self.texts), 0), np.float32)
        if vectors is not None:
            self.words = vectors[:, encoder.dim if encoder else 1 :]
        elif words is not None:
            self.words = words.in_batches(self.texts)
        if given is not None:
            vectors = np.concatenate([given, self.words], axis=1)
        values = self._encoded(cache) if vectors is None else vectors
        self.vectors = tf.constant(values)
        if self.learns:
            self.vectors = tf.Variable(values, trainable=False, name="vectors")

    def _encoded(self, cache):
        if self.encoder is None:
            return np.zeros((len(self.texts), 1), np.float32)
        if cache is not None and not self.learns:
            values = cache.encode(self.encoder, self.texts)
        else:
            distinct, places = np.unique(self.texts, return_inverse=True)
            values = encode_in_batches(self.encoder, distinct)[places]
        values = values * (self.texts != "")[:, None]
        return np.concatenate([values, self.words], axis=1)

    @property
    def encoded(self):
        """`[n, dim of the encoder]` float array: the vectors without the words."""
        vectors = np.asarray(self.vectors)
        return vectors[:, : vectors.shape[1] - self.words.shape[1]]

    def call(self, rows, training=False):
        """The table `[n, text_dim]`, fresh where `rows` (any shape) are encoded."""
        if not (training and self.learns):
            return tf.stop_gradient(tf.convert_to_tensor(self.vectors))
        rows, _ = tf.unique(tf.reshape(rows, [-1]))
        rows = tf.boolean_mask(rows, rows >= 0)
        texts = tf.gather(tf.constant(self.texts, tf.string), rows)
        rows = tf.boolean_mask(rows, texts != "")[:FRESH_TEXTS]
        texts = tf.boolean_mask(texts, texts != "")[:FRESH_TEXTS]
        fresh = tf.cast(self.encoder(texts), tf.float32)
        fresh = tf.concat([fresh, tf.gather(self.words, rows)], axis=1)
        table = tf.stop_gradient(tf.convert_to_tensor(self.vectors))
        table = tf.tensor_scatter_nd_update(table, rows[:, None], fresh)
        self.vectors.assign(tf.stop_gradient(table))
        return table

    def refresh(self):
        """Encodes every text with the tower as it is now."""
        if self.learns:
            self.vectors.assign(self._encoded(None))


def profile_texts(users, user_ids):
    """`[num_users]` str array of profiles in the order of `user_ids`; `""` for none."""
    if users is None:
        return np.full(len(user_ids), "", object)
    profiles = users.frame.set_index("user_id")["text"]
    return profiles.reindex(user_ids, fill_value="").to_numpy(object)
