"""Tests of tfrec.text.vocabulary."""

import pytest

from tfrec.errors import ConfigError
from tfrec.text.tokenizer import SPECIAL_TOKENS, WordPieceTokenizer
from tfrec.text.vocabulary import learn_vocabulary


def unknown_share(vocabulary, texts):
    """Share of `[UNK]` among the tokens."""
    token_ids, mask = WordPieceTokenizer(vocabulary, 64)(texts)
    return (token_ids.numpy()[mask.numpy()] == vocabulary.index("[UNK]")).mean()


def test_frequent_words_become_one_piece():
    vocabulary = learn_vocabulary(["comedy drama"] * 20 + ["Über-comedy"] * 5, 60)
    assert vocabulary[:4] == SPECIAL_TOKENS
    assert {"comedy", "drama"} <= set(vocabulary)
    assert len(vocabulary) == len(set(vocabulary)) <= 60


def test_unseen_words_are_spelt():
    vocabulary = learn_vocabulary(["listen silent tinsel"] * 5, 60)
    assert unknown_share(vocabulary, ["enlist inlets"]) == 0


def test_chinese():
    texts = ["東京の夜", "夜の東京", "北京 film"] * 3
    vocabulary = learn_vocabulary(texts, 40)
    assert {"東", "京", "夜", "北"} <= set(vocabulary)
    assert unknown_share(vocabulary, texts) == 0


def test_many_characters_leave_room_for_words():
    """3000 distinct characters and a few words in 400 places."""
    texts = [chr(0x4E00 + i) for i in range(3000)] + ["comedy drama"] * 50
    vocabulary = learn_vocabulary(texts, 400)
    assert len(vocabulary) <= 400
    assert {"comedy", "drama"} <= set(vocabulary)
    assert sum(piece >= "\u4e00" for piece in vocabulary) == 200


@pytest.mark.parametrize("texts", [[], [""], ["", "  "]])
def test_nothing_to_learn_from(texts):
    """A query can be spelt all the same."""
    vocabulary = learn_vocabulary(texts, 100)
    assert vocabulary[:4] == SPECIAL_TOKENS
    assert unknown_share(vocabulary, ["Matrix 1999"]) == 0


def test_size_without_room():
    with pytest.raises(ConfigError, match="`size` must exceed 4.*Received: 4"):
        learn_vocabulary(["film"], 4)
