"""Tokenising as TensorFlow ops, the same in training and on the server."""

import collections
import json

import tensorflow as tf

from tfrec.compat import tensorflow_text
from tfrec.errors import ConfigError

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
SPECIAL_TOKENS = [PAD, UNKNOWN, START, END]


class Tokenizer(tf.Module):
    """Texts as numbers of pieces, between a start and an end.

    Subclasses define `pieces`.

    Args:
        settings: dict of what the tokenizer was made of, as `make_tokenizer` takes it.
        max_length: tokens per text at most, start and end among them; longer texts
            are cut.
        pad: int, the token after the end of shorter texts.
        start: int, the first token of a text.
        end: int, the last one.
        least: int, pieces of a text at least; `pad` is those of one that has none.
    """

    def __init__(self, settings, max_length, pad, start, end, least=0):
        super().__init__(name="tokenizer")
        self._settings = json.dumps(settings)  # a string, which nothing tracks
        self.max_length = max_length
        self._pad, self._start, self._end = pad, start, end
        self._least = least

    @property
    def settings(self):
        """The dict that it was made of."""
        return json.loads(self._settings)

    def pieces(self, texts):
        """`[n]` strings -> `[n, (length)]` ragged int32 tensor, uncut and unframed."""
        raise NotImplementedError

    def __call__(self, texts):
        """Token ids and where they are real.

        Args:
            texts: `[n]` string tensor, UTF-8.

        Returns:
            `(token_ids, mask)`: `[n, length]` int32 and bool tensors, where `length`
            is that of the longest text in this batch; `""` is start and end alone.
        """
        pieces = self.pieces(tf.convert_to_tensor(texts, tf.string))
        most = self.max_length - 2
        lengths = tf.cast(pieces.row_lengths(), tf.int32)[:, None]
        lengths = tf.clip_by_value(lengths, self._least, most)
        token_ids = pieces.to_tensor(self._pad)[:, :most]
        frame = [[0, 0], [1, 1 + self._least]]
        token_ids = tf.pad(token_ids, frame, constant_values=self._pad)
        # Dense on purpose: `tf.concat` of ragged tensors takes several times the ops.
        position = tf.range(tf.shape(token_ids)[1])[None, :]
        token_ids = tf.where(position == lengths + 1, self._end, token_ids)
        token_ids = tf.where(position == 0, self._start, token_ids)
        return token_ids, position < lengths + 2


class WordPieceTokenizer(Tokenizer):
    """Splits texts as BERT does: lower case without accents, words, word pieces.

    Args:
        vocabulary: list of word pieces, among them `SPECIAL_TOKENS`.
        max_length: tokens per text at most, `[CLS]` and `[SEP]` among them.
        lower_case: False for a cased vocabulary, which keeps case and accents.

    Raises:
        ConfigError: a special token is not in the vocabulary, or a piece is twice.
        MissingPackageError: tensorflow-text is not installed.

    Example:
    >>> vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "film", "##s"]
    >>> token_ids, mask = WordPieceTokenizer(vocabulary, 8)(["Good films", ""])
    >>> token_ids.numpy().tolist()
    [[2, 4, 5, 6, 3], [2, 3, 0, 0, 0]]
    """

    def __init__(self, vocabulary, max_length, lower_case=True):
        check_vocabulary(vocabulary, "`vocabulary`")
        pad, self.unknown, start, end = map(vocabulary.index, SPECIAL_TOKENS)
        settings = {"vocabulary": vocabulary, "lower_case": lower_case}
        super().__init__(
            settings | {"max_length": max_length}, max_length, pad, start, end
        )
        self._tokenizer = tensorflow_text().FastBertTokenizer(
            vocabulary,
            token_out_type=tf.int32,
            lower_case_nfd_strip_accents=lower_case,
        )

    def pieces(self, texts):
        return self._tokenizer.tokenize(texts)


def check_vocabulary(vocabulary, source):
    """Refuses what no tokenizer can be made of.

    Args:
        vocabulary: list of word pieces.
        source: what to call it, an argument or a file.

    Raises:
        ConfigError: a special token is not among them, or a piece is twice.
    """
    counts = collections.Counter(vocabulary)
    missing = [token for token in SPECIAL_TOKENS if token not in counts]
    if missing:
        raise ConfigError(
            f"{source} must hold the special tokens {SPECIAL_TOKENS}. "
            f"Missing: {', '.join(missing)}."
        )
    piece, count = counts.most_common(1)[0]
    if count > 1:
        raise ConfigError(
            f"{source} must hold each word piece once, because its place is its "
            f"number. Received: {piece!r} {count} times."
        )
