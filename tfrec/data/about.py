"""What a text is about, in a line for people."""

import re

MAX_ABOUT = 80  # characters
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


def shorten(text: str) -> str:
    """A text of at most 80 characters, cut after a word if it has more.

    Example:
        >>> shorten(30 * "sea ")[-12:]
        'sea sea sea…'
    """
    if len(text) <= MAX_ABOUT:
        return text
    cut = text[: MAX_ABOUT - 1]
    whole, _, _ = cut.rpartition(" ")
    return f"{whole or cut}…"
