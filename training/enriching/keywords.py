"""What a text is about, in a few words of its own."""

import contextlib
import functools
import io
import logging
import re

from training.enriching.chinese import jieba
from training.enriching.packages import words_package

READ = 160  # characters that keywords are taken from: YAKE's time grows with them
MAX_KEYWORDS = 5  # of a text
MAX_WORDS = 2  # of a keyword
MAX_LETTERS = 40  # of a keyword
# Other languages than Chinese that put no spaces between words: YAKE would take whole
# sentences for words.
WITHOUT_SPACES = frozenset({"ja", "th", "lo", "km", "my", "bo", "dz"})
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def keywords_of(text: str, language: str) -> list[str]:
    """At most five keywords in lower case, best first.

    YAKE for languages with spaces, jieba's TF-IDF for Chinese, none for others.

    Args:
        text: clean text, as `clean_text` gives it.
        language: as `language_of` gives it; decides YAKE's stop words.

    Reference:
        Campos et al., YAKE! Keyword extraction from single documents using multiple
        local features, 2020, https://doi.org/10.1016/j.ins.2019.09.013
    """
    if language in WITHOUT_SPACES or not text:
        return []
    text = beginning(text)
    if language == "zh":
        jieba()
        found = words_package("jieba.analyse").extract_tags(text, topK=2 * MAX_KEYWORDS)
    else:
        found = [word for word, _ in _extractor(language).extract_keywords(text)]
    words = (_EDGES.sub("", word).replace("|", " ").lower() for word in found)
    return [*dict.fromkeys(filter(_says_something, words))][:MAX_KEYWORDS]


def stop_words(language: str) -> set[str]:
    """Words that say nothing, of a language and of English, where YAKE knows them."""
    return _extractor(language).stopword_set


def beginning(text: str) -> str:
    """The first 160 characters, without a word that they would cut in two."""
    if len(text) <= READ:
        return text
    whole, _, _ = text[: READ + 1].rpartition(" ")
    return whole or text[:READ]


def _says_something(word):
    num_letters = sum(map(str.isalpha, word))
    return num_letters >= 2 and len(word) <= MAX_LETTERS


@functools.cache
def _extractor(language):
    yake = words_package("yake")
    # It logs the text itself where it finds none, and goes on without keywords.
    logging.getLogger("yake").setLevel(logging.CRITICAL)
    how = {"n": MAX_WORDS, "dedup_lim": 1.0, "top": 2 * MAX_KEYWORDS}
    with contextlib.redirect_stdout(io.StringIO()):  # says how it reads its own files
        extractor = yake.KeywordExtractor(lan=language or "nolang", **how)
    if language != "en":  # of which titles in other languages often have a word
        extractor.stopword_set |= stop_words("en")
    return extractor
