"""Tests of tfrec.text.tokenizer."""

import unicodedata

import pytest
import tensorflow as tf

from tfrec import compat, optional
from tfrec.errors import ConfigError, MissingPackageError
from tfrec.text.tokenizer import WordPieceTokenizer

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VOCABULARY += ["cafe", "film", "##s", "un", "##real", ",", "東", "京", "x"]


def slow_tokens(text, max_length):
    """BERT's algorithm by the book: greedy, longest piece first."""
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(c for c in text if unicodedata.category(c) != "Mn")
    text = "".join(f" {c} " if c in ",東京" else c for c in text)
    ids = []
    for word in text.split():
        pieces, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in VOCABULARY:
                    pieces.append(VOCABULARY.index(piece))
                    start = end
                    break
            else:
                pieces, start = [1], len(word)
        ids += pieces
    return [2, *ids[: max_length - 2], 3]


@pytest.mark.parametrize("max_length", [3, 6, 16])
def test_agrees_with_the_book(max_length):
    texts = [
        "Cafés, unreal FILMS",
        "",
        "東京 café",
        "zebra films",
        "x " * 20,
        "cafe\u0301",
    ]
    token_ids, mask = WordPieceTokenizer(VOCABULARY, max_length)(texts)
    found = [
        row[is_real].tolist()
        for row, is_real in zip(token_ids.numpy(), mask.numpy(), strict=True)
    ]
    assert found == [slow_tokens(text, max_length) for text in texts]
    assert token_ids.shape[1] == max(map(len, found))


def test_padding_stands_at_the_end():
    token_ids, mask = WordPieceTokenizer(VOCABULARY, 8)(["film", "", "x film"])
    assert token_ids.numpy().tolist() == [[2, 5, 3, 0], [2, 3, 0, 0], [2, 12, 5, 3]]
    assert mask.numpy().tolist() == (token_ids.numpy() != 0).tolist()


def test_special_tokens_may_stand_anywhere():
    vocabulary = ["film", "[SEP]", "[CLS]", "[UNK]", "[PAD]"]
    token_ids, mask = WordPieceTokenizer(vocabulary, 8)(["film film", "what"])
    assert token_ids.numpy().tolist() == [[2, 0, 0, 1], [2, 3, 1, 4]]
    assert mask.numpy().sum(axis=1).tolist() == [4, 3]


def test_cased_vocabulary_keeps_case():
    vocabulary = [*VOCABULARY, "Film"]
    token_ids, _ = WordPieceTokenizer(vocabulary, 8, lower_case=False)(["Film film"])
    assert token_ids.numpy().tolist() == [[2, 13, 5, 3]]


def test_bytes_that_are_not_utf8_are_survived():
    token_ids, _ = WordPieceTokenizer(VOCABULARY, 8)([b"film \xff\xfe film"])
    assert token_ids.numpy().tolist() == [[2, 5, 1, 5, 3]]


def test_missing_special_token():
    with pytest.raises(ConfigError, match=r"Missing: \[UNK\], \[SEP\]"):
        WordPieceTokenizer(["[PAD]", "[CLS]", "film"], 8)


def test_a_piece_that_stands_twice():
    """TensorFlow Text ends with a RuntimeError that does not name it."""
    with pytest.raises(ConfigError, match="`vocabulary` must hold each .*'film' 2"):
        WordPieceTokenizer([*VOCABULARY, "film"], 8)


def test_without_tensorflow_text(monkeypatch):
    def absent(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(optional.importlib, "import_module", absent)
    compat.tensorflow_text.cache_clear()
    with pytest.raises(MissingPackageError, match="`tensorflow_text` is needed"):
        WordPieceTokenizer(VOCABULARY, 8)


def test_one_graph_for_all_batch_sizes():
    tokenizer = WordPieceTokenizer(VOCABULARY, 8)
    function = tf.function(
        tokenizer, input_signature=[tf.TensorSpec([None], tf.string)]
    )
    assert [function(tf.constant(["film"] * n))[0].shape[0] for n in (1, 3)] == [1, 3]
    assert function(tf.constant([], tf.string))[0].shape[0] == 0
