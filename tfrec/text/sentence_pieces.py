"""SentencePiece tokenising as TensorFlow ops that stock servers have."""

import base64

import tensorflow as tf

from tfrec.compat import tensorflow_text
from tfrec.text.tokenizer import Tokenizer, WordPieceTokenizer

MODEL_UNKNOWN = 0  # SentencePiece's own number of what it cannot spell


class SentencePieceTokenizer(Tokenizer):
    """Splits texts by a SentencePiece model, which normalises them itself (NFKC).

    Args:
        model: str, the file of the model in base64.
        max_length: tokens per text at most, start and end among them.
        special: `[pad, start, end, unknown]`, the numbers of these tokens.
        shift: int, added to SentencePiece's numbers of the other pieces.
        least: int, pieces of a text at least, see `Tokenizer`.

    Raises:
        MissingPackageError: tensorflow-text is not installed.
    """

    def __init__(self, model, max_length, special, shift=0, least=0):
        settings = {"model": model, "max_length": max_length}
        settings |= {"special": list(special), "shift": shift, "least": least}
        pad, start, end, self.unknown = special
        super().__init__(settings, max_length, pad, start, end, least)
        self._shift = shift
        self._tokenizer = tensorflow_text().SentencepieceTokenizer(
            model=base64.b64decode(model)
        )

    def pieces(self, texts):
        found = self._tokenizer.tokenize(texts)
        numbers = found.flat_values
        is_known = numbers != MODEL_UNKNOWN
        return found.with_flat_values(
            tf.where(is_known, numbers + self._shift, self.unknown)
        )


def make_tokenizer(settings):
    """The tokenizer of `settings`, as `Tokenizer.settings` gives them."""
    kind = SentencePieceTokenizer if "model" in settings else WordPieceTokenizer
    return kind(**settings)
