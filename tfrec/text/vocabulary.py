"""WordPiece vocabularies, learnt from a catalogue."""

import collections
import importlib
import string

import tensorflow as tf

from tfrec.compat import tensorflow_text
from tfrec.errors import ConfigError
from tfrec.text.tokenizer import SPECIAL_TOKENS

LETTERS = [*string.ascii_lowercase, *string.digits]
MAX_WORDS = 50_000  # most frequent words that pieces are learnt from; bounds the time


def learn_vocabulary(texts, size):
    """Word pieces that spell a catalogue in few tokens, in any language.

    Characters that stand alone, as all Chinese ones do for BERT's splitter, take up
    to half the places, most frequent first; pieces of longer words fill the rest.
    Latin letters and digits follow if there is room, since a query may be in English
    when no text of the catalogue is.

    Args:
        texts: sequence of strings.
        size: word pieces at most, special tokens among them.

    Returns:
        List of distinct strings, `SPECIAL_TOKENS` first.

    Raises:
        ConfigError: `size` leaves no room beside the special tokens.
        MissingPackageError: tensorflow-text is not installed.

    Reference:
        Google's WordPiece learner, https://www.tensorflow.org/text/guide/subwords_tokenizer
    """
    if size <= len(SPECIAL_TOKENS):
        raise ConfigError(
            f"`size` must exceed {len(SPECIAL_TOKENS)}, because the special tokens "
            f"take as many places. Received: {size}."
        )
    counts = _count_words(texts)
    alone = [word for word, _ in counts.most_common() if len(word) == 1][: size // 2]
    longer = {word: count for word, count in counts.items() if len(word) > 1}
    pieces = _learn_pieces(longer, size - len(alone)) if longer else []
    spelling = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    return list(dict.fromkeys([*SPECIAL_TOKENS, *alone, *pieces, *spelling]))[:size]


def _count_words(texts):
    tensorflow_text()  # or the error that says what to do without it
    splitter = importlib.import_module("tensorflow_text.python.ops.bert_tokenizer")
    split = splitter.BasicTokenizer(lower_case=True).tokenize
    counts: collections.Counter[bytes] = collections.Counter()
    texts = tf.data.Dataset.from_tensor_slices(tf.constant([*texts], tf.string))
    for batch in texts.batch(1024).map(split):
        counts.update(batch.flat_values.numpy().tolist())
    return collections.Counter(
        {word.decode(errors="replace"): count for word, count in counts.items()}
    )


def _learn_pieces(counts, size):
    learner = importlib.import_module(
        "tensorflow_text.tools.wordpiece_vocab.wordpiece_tokenizer_learner_lib"
    )
    return learner.learn(
        counts,
        vocab_size=size,
        reserved_tokens=SPECIAL_TOKENS,
        lower_thresh=2,  # its default of 10 leaves a small catalogue with letters only
        max_input_tokens=MAX_WORDS,
        max_unique_chars=max(1, size // 4),  # each takes two places: `a` and `##a`
    )
