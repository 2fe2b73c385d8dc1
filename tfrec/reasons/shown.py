"""Texts of people as they are inside a sentence: short, and in one line."""

import re
import unicodedata

MAX_SHOWN = 80  # characters
_JOINER = "\u200d"  # an emoji of several parts may be cut behind it
_FIRST_STRONG, _END = "\u2068", "\u2069"  # around a text of its own direction
# What breaks lines, cannot be seen, or turns the direction of what follows.
_UNWELCOME = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)


def shown(text: str) -> str:
    """A text of people inside a sentence of ours.

    It is at most 80 characters long, has no control characters and no line breaks,
    and one that is written from right to left does not turn what stands around it.

    Example:
        >>> shown("Jaws\\n II")
        'Jaws II'
    """
    line = " ".join(_UNWELCOME.sub(" ", text[: 20 * MAX_SHOWN]).split())
    short = shorten(line)
    turns = any(unicodedata.bidirectional(each) in ("R", "AL") for each in short)
    return f"{_FIRST_STRONG}{short}{_END}" if turns else short


def shorten(text: str) -> str:
    """A text of at most 80 characters, cut after a word if it has more.

    Example:
        >>> shorten(30 * "sea ")[-12:]
        'sea sea sea…'
    """
    if len(text) <= MAX_SHOWN:
        return text
    cut = text[: MAX_SHOWN - 1]
    whole, _, _ = cut.rpartition(" ")
    return f"{(whole or cut).rstrip(_JOINER)}…"
