"""What a text is about, in a line for people."""

import re

from tfrec.reasons.shown import shorten

_READ = 1000  # characters of a text that are looked at
_END = re.compile(r"(?<=\w{4}[.!?])\s")  # of a sentence, and not of "Mr."


def about(text: str) -> str:
    """The first sentence of a text without its full stop, at most 80 characters of it.

    Example:
        >>> about("1977. Action, Adventure, Sci-Fi")
        '1977'
        >>> about("Mr. Bean  travels")
        'Mr. Bean travels'
    """
    words = " ".join(text[:_READ].split())
    return shorten(_END.split(words, maxsplit=1)[0].removesuffix("."))
