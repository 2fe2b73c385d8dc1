"""A sentence encoder of 16 languages: n-grams of word pieces, summed, and a network."""

import itertools

import keras
import tensorflow as tf

from tfrec.errors import ConfigError
from tfrec.text.characters import simplified
from tfrec.text.encoder import TextEncoder, masked_mean
from tfrec.text.multilingual_weights import read_multilingual
from tfrec.text.sentence_pieces import SentencePieceTokenizer

DIM, NGRAM_DIM, HIDDEN_DIM = 512, 256, 320
ORDERS = ((2, 0), (3, 1), (5, 2))  # n of the n-grams, and pieces left of the middle
EPSILON = 1e-12  # added to the variance
CHUNKS = 17  # piece i has the scale of chunk i mod 17
KANA = r"(?s).*[\p{Hiragana}\p{Katakana}].*"
NUM_LAYERS = 3  # n-grams, and the two halves of the network


@keras.saving.register_keras_serializable("tfrec")
class MultilingualEncoder(TextEncoder):
    """Sentence vectors of Google's multilingual Universal Sentence Encoder 3.

    Arabic, Chinese (both scripts), Dutch, English, French, German, Italian, Japanese,
    Korean, Polish, Portuguese, Russian, Spanish, Thai and Turkish share one space.
    Piece embeddings are 8-bit numbers and never learn.

    Args:
        tokenizer: dict, arguments of a `SentencePieceTokenizer`.
        num_pieces: int, rows of the embedding.
        trainable_layers: how many of the last layers learn, of three: the n-grams and
            the two halves of the network; 0 freezes everything, -1 is all of them.

    Raises:
        ConfigError: `trainable_layers` is below -1 or above 3.

    Reference:
        Yang et al., Multilingual Universal Sentence Encoder for Semantic Retrieval,
        2019, https://arxiv.org/abs/1907.04307
    """

    def __init__(self, tokenizer, num_pieces, trainable_layers=0, **kwargs):
        super().__init__(SentencePieceTokenizer(**tokenizer), DIM, **kwargs)
        if not -1 <= trainable_layers <= NUM_LAYERS:
            raise ConfigError(
                f"`trainable_layers` must be between -1 and {NUM_LAYERS}, the layers "
                f"of the multilingual encoder. Received: {trainable_layers}."
            )
        self.num_pieces, self.trainable_layers = num_pieces, trainable_layers

        # === Layers ===
        self.pieces = self.add_weight(
            shape=(num_pieces, DIM),
            dtype="uint8",
            initializer="zeros",
            trainable=False,
            name="pieces",
        )
        self.scale, self.low = (
            self.add_weight(shape=(CHUNKS, 1), trainable=False, name=name)
            for name in ("scale", "low")
        )
        narrow = NGRAM_DIM * len(ORDERS)
        self.projection, self.projection_norm = _dense(DIM, narrow), _norm(narrow)
        self.ngrams = [NgramBlock(order, left) for order, left in ORDERS]
        self.norm, self.summary = _norm(DIM + narrow), _dense(DIM + narrow, DIM)
        self.lower = [*_residual_pair(DIM, HIDDEN_DIM, HIDDEN_DIM)]
        self.upper = [*_residual_pair(HIDDEN_DIM, DIM, DIM)]
        features = [self.projection, self.projection_norm, *self.ngrams]
        parts = [[*features, self.norm, self.summary], self.lower, self.upper]
        learning = NUM_LAYERS if trainable_layers == -1 else trainable_layers
        for layer in itertools.chain(*parts[: NUM_LAYERS - learning]):
            layer.trainable = False

    @classmethod
    def from_preset(cls, max_length=64, trainable_layers=0):
        """The pretrained encoder, out of the package that ships it.

        Args:
            max_length: tokens per text.
            trainable_layers: see the class.

        Raises:
            MissingPackageError: the package is not installed, or is another version.
        """
        tokenizer, weights = read_multilingual()
        encoder = cls(
            tokenizer | {"max_length": max_length}, len(weights[0]), trainable_layers
        )
        encoder.set_weights(weights)
        return encoder

    def prepare(self, texts):
        """Traditional Chinese is simplified; Japanese, known by its kana, is not."""
        texts = super().prepare(texts)
        is_japanese = tf.strings.regex_full_match(texts, KANA)
        return tf.where(is_japanese, texts, simplified(texts))

    def encode_tokens(self, token_ids, mask, training=None):
        is_real = tf.cast(mask, self.compute_dtype)[:, :, None]
        tokens = self._embed(token_ids) * is_real
        narrow = self.projection_norm(self.projection(tokens)) * is_real
        parts = tf.split(narrow, len(ORDERS), axis=-1)
        ngrams = [
            block(part, is_real) for block, part in zip(self.ngrams, parts, strict=True)
        ]
        features = self.norm(tf.concat([tokens, *ngrams], axis=-1))
        # A mean that is longer for longer texts, as the original has it.
        length = tf.reduce_sum(tf.cast(mask, tf.float32), axis=1, keepdims=True)
        vectors = self.summary(masked_mean(features, mask))
        vectors *= tf.cast(tf.sqrt(length), vectors.dtype)
        vectors = tf.nn.relu(_through(self.lower, vectors))
        vectors = tf.tanh(tf.cast(_through(self.upper, vectors), tf.float32))
        return tf.math.l2_normalize(vectors, axis=-1, epsilon=EPSILON)

    def _embed(self, token_ids):
        """`[n, length, DIM]`: 8-bit numbers in the scale of their chunk."""
        chunk = token_ids % CHUNKS
        tokens = tf.cast(tf.gather(self.pieces, token_ids), tf.float32)
        tokens *= tf.gather(tf.cast(self.scale, tf.float32), chunk)
        tokens += tf.gather(tf.cast(self.low, tf.float32), chunk)
        return tf.cast(tokens, self.compute_dtype)

    def get_config(self):
        return super().get_config() | {
            "tokenizer": self.tokenizer.settings,
            "num_pieces": self.num_pieces,
            "trainable_layers": self.trainable_layers,
        }


class NgramBlock(keras.layers.Layer):
    """Features of each token and its neighbours: two convolutions with residuals."""

    def __init__(self, order, left, **kwargs):
        super().__init__(**kwargs)
        self.order, self.left = order, left
        self.windows = [
            _dense(order * NGRAM_DIM, NGRAM_DIM, activation="relu") for _ in range(2)
        ]

    def call(self, tokens, is_real):
        length = tf.shape(tokens)[1]
        around = [[0, 0], [self.left, self.order - 1 - self.left], [0, 0]]
        for layer in self.windows:
            padded = tf.pad(tokens, around)
            shifted = [padded[:, i : i + length] for i in range(self.order)]
            tokens = (tokens + layer(tf.concat(shifted, axis=-1))) * is_real
        return tokens


def _dense(dim_in, dim_out, **kwargs):
    layer = keras.layers.Dense(dim_out, **kwargs)
    layer.build((None, dim_in))
    return layer


def _norm(dim):
    layer = keras.layers.LayerNormalization(epsilon=EPSILON)
    layer.build((None, None, dim))
    return layer


def _residual_pair(dim_in, dim_hidden, dim_out):
    """Layers of `_through`: hidden, its output, and the way around both."""
    yield _dense(dim_in, dim_hidden, activation="relu", use_bias=False)
    yield _dense(dim_hidden, dim_out, use_bias=False)
    yield _dense(dim_in, dim_out, use_bias=False)


def _through(layers, vectors):
    hidden, output, around = layers
    return output(hidden(vectors)) + around(vectors)
