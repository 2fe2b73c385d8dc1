"""Tests of tfrec.text.characters."""

import importlib.resources
import unicodedata

import pytest
import tensorflow as tf

from tfrec.text.characters import plain, simplified

HAN = range(0x3400, 0xA000)


def read(function, texts):
    return [text.decode() for text in function(tf.constant(texts, tf.string)).numpy()]


def test_one_form_is_that_of_nfkc():
    texts = ["ＡＢＣ　１２３！", "ﾃｽﾄ", "\uf900", "手機 ㈱"]
    expected = [unicodedata.normalize("NFKC", text) for text in texts[:3]]
    assert read(plain, texts) == [*expected, "手機 ㈱"]  # several characters: as it is


def test_nothing_else_changes():
    """So that MiniLM reads English as the original does."""
    every = "".join(map(chr, [*range(1, 0x2E80), 0x1F600, 0x20000]))
    assert read(plain, [every, "", "手机壳"]) == [every, "", "手机壳"]
    assert read(simplified, [every, ""]) == [every, ""]


def test_bytes_that_are_no_text():
    assert read(plain, [b"a\xff"]) == ["a\ufffd"]


def test_simplified_characters_are_those_of_opencc():
    """And how the file is made anew: it is what this test expects."""
    convert = pytest.importorskip("opencc").OpenCC("t2s").convert
    pairs = [(chr(code), convert(chr(code))) for code in HAN]
    pairs = [(a, b) for a, b in pairs if a != b and len(b) == 1 and ord(b) < 0x10000]
    expected = "".join(a for a, _ in pairs) + "\n" + "".join(b for _, b in pairs) + "\n"
    file = importlib.resources.files("tfrec.text").joinpath("simplified.txt")
    assert file.read_text("utf-8") == expected
    assert len(pairs) > 2000
