"""Characters that say the same in one form, before texts are cut."""

import functools
import importlib.resources
import unicodedata

import numpy as np
import tensorflow as tf

EAST_ASIAN = range(0x2E80, 0x10000)  # Latin and other letters stay as they are


def plain(texts):
    """Texts with one form of each East Asian character and full-width letter.

    Each compatibility form becomes what it stands for (NFKC), where that is one
    character. Texts without such characters stay as they are.

    Args:
        texts: `[n]` string tensor, UTF-8.

    Returns:
        `[n]` string tensor.

    Example:
        >>> plain(tf.constant(["ＡＢ　１２ ｶﾅ Café"])).numpy()[0].decode()
        'AB 12 カナ Café'
    """
    return _replaced(texts, *_forms())


def simplified(texts):
    """Texts with simplified Chinese characters in place of traditional ones.

    Args:
        texts: `[n]` string tensor, UTF-8.

    Returns:
        `[n]` string tensor.

    Example:
        >>> simplified(tf.constant(["手機殼"])).numpy()[0].decode()
        '手机壳'
    """
    return _replaced(texts, *_characters())


def _replaced(texts, before, after):
    codes = tf.strings.unicode_decode(texts, "UTF-8")
    values = codes.flat_values
    places = tf.minimum(tf.searchsorted(before, values), len(before) - 1)
    is_listed = tf.gather(before, places) == values
    values = tf.where(is_listed, tf.gather(after, places), values)
    return tf.strings.unicode_encode(codes.with_flat_values(values), "UTF-8")


@functools.cache
def _forms():
    """`(before, after)`: int32 arrays of code points, `before` ascending."""
    normal = {code: unicodedata.normalize("NFKC", chr(code)) for code in EAST_ASIAN}
    pairs = [(code, ord(one)) for code, one in normal.items() if len(one) == 1]
    return _arrays([(code, one) for code, one in pairs if code != one])


@functools.cache
def _characters():
    """As `_forms`, of OpenCC's traditional characters and their simplified ones."""
    file = importlib.resources.files("tfrec.text").joinpath("simplified.txt")
    traditional, simple = file.read_text("utf-8").split()
    return _arrays(zip(map(ord, traditional), map(ord, simple), strict=True))


def _arrays(pairs):
    before, after = np.array(sorted(pairs), np.int32).T
    return before, after
