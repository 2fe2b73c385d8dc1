"""A text tower for any language: it learns its words and its weights from the log."""

import keras
import tensorflow as tf

from tfrec.errors import ConfigError
from tfrec.text.characters import simplified
from tfrec.text.encoder import TextEncoder, masked_mean
from tfrec.text.tokenizer import WordPieceTokenizer


@keras.saving.register_keras_serializable("tfrec")
class LstmEncoder(TextEncoder):
    """Embedding, an LSTM in each direction, mean over the tokens, projection.

    Args:
        vocabulary: list of word pieces, see `learn_vocabulary`.
        dim: size of a vector.
        units: LSTM units over both directions, even.
        max_length: tokens per text; longer texts are cut.

    Raises:
        ConfigError: `units` is odd or not positive.

    Example:
    >>> vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "film"]
    >>> encoder = LstmEncoder(vocabulary, dim=3, units=4, max_length=8)
    >>> encoder(["film", ""]).shape
    TensorShape([2, 3])
    """

    def __init__(self, vocabulary, dim, units, max_length, **kwargs):
        super().__init__(WordPieceTokenizer(vocabulary, max_length), dim, **kwargs)
        if units < 2 or units % 2:
            raise ConfigError(
                "`units` must be positive and even, because each direction gets half "
                f"of them. Received: {units}."
            )
        self.units = units

        # === Layers ===
        self.embedding = keras.layers.Embedding(len(vocabulary), units)
        self.left_to_right = _lstm(units // 2)
        self.right_to_left = _lstm(units // 2)
        self.projection = keras.layers.Dense(dim)
        for layer in (self.embedding, self.left_to_right, self.right_to_left):
            layer.build((None, None, units))
        self.projection.build((None, units))

    def prepare(self, texts):
        return simplified(super().prepare(texts))

    def encode_tokens(self, token_ids, mask, training=None):
        if token_ids.shape[0] == 0:
            return tf.zeros([0, self.dim])  # an empty sum looks like a bias to Keras
        # Each direction begins at a real token and `masked_mean` drops what comes
        # after the last, so no step of the loop needs a mask: a third less time than
        # `keras.layers.Bidirectional` over a masked sequence.
        forward = self.embedding(token_ids)
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        backward = tf.reverse_sequence(forward, lengths, seq_axis=1)
        hidden = [self.left_to_right(forward), self.right_to_left(backward)]
        return self.projection(masked_mean(tf.concat(hidden, axis=-1), mask))

    def get_config(self):
        settings = self.tokenizer.settings
        del settings["lower_case"]  # learnt vocabularies always are
        own = {"dim": self.dim, "units": self.units}
        return super().get_config() | settings | own


def _lstm(units):
    # A cuDNN kernel chosen on a training GPU would not run on a CPU server.
    return keras.layers.LSTM(units, return_sequences=True, use_cudnn=False)
