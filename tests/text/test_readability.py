"""Tests of tfrec.text.readability."""

import logging

import pytest

from tfrec.text.lstm import LstmEncoder
from tfrec.text.readability import (
    TextReading,
    choose_preset,
    read_texts_with,
    script_shares,
)

ENGLISH = ["A quiet film about the sea", "Toy Story. 1995. Animation, Comedy", ""]


def test_scripts_are_those_of_letters():
    """Eight letters: two Han (one of them a compatibility form), a kana, four Latin."""
    shares = script_shares(["手\uf900 カ", "ＡB é x, 12 😀", "я"])
    assert shares == {"Latin": 0.5, "Han": 0.25, "Katakana": 0.125, "Cyrillic": 0.125}


def test_scripts_of_nothing():
    assert script_shares(["", "12 !"]) == {}


@pytest.mark.parametrize(
    ("texts", "preset"),
    [
        (ENGLISH, "minilm"),
        (["", ""], "minilm"),
        (["Über die naïve Café-Straße"], "minilm"),
        (["手机壳 透明防摔"], "multilingual"),
        (["Тихий фильм о море"], "multilingual"),
        ([*ENGLISH * 4, "手机壳"], "minilm"),  # few letters, and few tokens
        ([*ENGLISH, "手机壳透明防摔适用于红米手机"], "multilingual"),
        # Of 17 tokens, 3 runs of emoji have no piece.
        (["a 😀 b 🎉 c 🦀", *ENGLISH[:1], "one two three four"], "multilingual"),
    ],
)
def test_what_reads_the_texts(texts, preset):
    assert choose_preset(texts) == preset


def test_the_choice_is_said(caplog):
    with caplog.at_level(logging.WARNING):
        choose_preset(["手机壳 abc"])
    assert "MiniLM cannot read the texts: 50.0% of their letters" in caplog.text


def test_share_of_unknown_tokens():
    """Of `a`, `b`, `手`, `b` the vocabulary has all but one."""
    encoder = LstmEncoder(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b"], 2, 2, 8)
    reading = read_texts_with(encoder, ["a b", "", "手 b"])
    scripts = {"Latin": 0.75, "Han": 0.25}
    assert reading == TextReading(unknown_tokens=0.25, scripts=scripts)
    assert read_texts_with(encoder, [""]) is None
    assert read_texts_with(None, ["a"]) is None


def test_an_encoder_without_tokens():
    reading = read_texts_with(object(), ["a"])
    assert reading == TextReading(unknown_tokens=None, scripts={"Latin": 1.0})
