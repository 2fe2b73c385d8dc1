"""One spelling for a sentence: widths, scripts, quotes and blanks."""

import functools
import re
import unicodedata

from tfrec.errors import MissingPackageError
from tfrec.optional import import_optional

_QUOTES = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "「": "《", "」": "》"}
    | {"『": "《", "』": "》", "’": "'", "‘": "'", "`": "'", "–": "-", "—": "-"}
    | {"。": ".", "、": "、", "：": ":", "，": ",", "；": ";", "！": "!", "？": "?"}
)
_NOT_WORDS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]+")
_HAN = re.compile("[\u3400-\u9fff]")


def is_chinese(text: str) -> bool:
    """Whether a text has as many Chinese characters as words of other scripts.

    Example:
        >>> is_chinese("像 Alien 那样的"), is_chinese("films like 霸王别姬")
        (True, False)
    """
    return len(_HAN.findall(text)) > 2 * len(re.findall("[A-Za-z]+", text))


def normalise(text: str) -> str:
    """Lower case, one width, simplified characters, plain quotes and single blanks.

    Example:
        >>> normalise("３００元以内的“耳機”　ＯＫ！")
        '300元以内的"耳机" ok!'
    """
    text = unicodedata.normalize("NFKC", _NOT_WORDS.sub(" ", text))
    text = text.translate(_QUOTES).lower()
    if _HAN.search(text):
        text = _simplified(text)
    return " ".join(text.split())


@functools.cache
def _converter():
    try:
        package = import_optional("opencc", "traditional text", "Install it.")
    except MissingPackageError:
        return None  # traditional characters stay, and few rules know them
    return package.OpenCC("t2s")


def _simplified(text):
    converter = _converter()
    return converter.convert(text) if converter else text
