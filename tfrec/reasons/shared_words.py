"""Which rare words two texts share, in any language and without TensorFlow."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

MOST_WORDS = 3
MOST_TEXTS = 20_000  # of a catalogue that are counted: what is common is so in a part
COMMON = 0.02  # share of the texts; a word that more of them have says little
MIN_LETTERS = 3
MOST_CHARACTERS = 5_000  # of a text that are read: more than encoders read
_RUN = re.compile(r"[^\W_]+")
# Scripts that put no spaces between words: Thai, Kana, Han.
_UNSPACED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+)")


class RareWords:
    """Knows how many texts of a catalogue have each word.

    A word is a run of letters and digits. Where a script puts no spaces between
    words, it is two neighbouring characters, and what is shared is given as the
    longest run of them.

    Args:
        texts: of the catalogue; of more than 20,000 some are left out, evenly.

    Example:
        >>> rare = RareWords(["The Quiet Sea", "The Sea Wolf", "The Man", "安静的海"])
        >>> rare.shared("The Sea Wolf", words_of("a film of the sea"))
        ['Sea']
        >>> rare.shared("一片安静的海", words_of("我想看安静的电影"))
        ['安静的']
    """

    def __init__(self, texts: Sequence[str] = ()):
        counted = texts[:: 1 + len(texts) // MOST_TEXTS]
        self._num_texts = len(counted)
        self._most = max(2, COMMON * len(counted))
        self._counts: Counter[str] = Counter()
        for text in counted:
            self._counts.update(words_of(text))

    def shared(self, text: str, wanted: frozenset[str]) -> list[str]:
        """Words of a text that are wanted, the rarest first, at most three.

        Words of fewer than three letters do not count, nor those that more than 2 %
        of the catalogue, and more than two texts, have.

        Args:
            text: whose words are given, as it has them.
            wanted: as `words_of` gives those of another text.
        """
        if not wanted:
            return []
        found = [w for w in _words(text) if w[0] in wanted and self._is_rare(w[0])]
        weights: dict[str, tuple[float, str]] = {}
        for start, end, keys in _joined(found):
            weight = max(self._weight(key) for key in keys)
            weights.setdefault(text[start:end].casefold(), (weight, text[start:end]))
        best = sorted(weights.values(), key=lambda each: -each[0])
        return [word for _, word in best[:MOST_WORDS]]

    def _is_rare(self, key):
        is_word = len(key) >= MIN_LETTERS and not key.isdecimal()
        is_pair = _UNSPACED.fullmatch(key) is not None
        return (is_word or is_pair) and self._counts[key] <= self._most

    def _weight(self, key):
        """Inverse document frequency, as BM25 has it."""
        count = self._counts[key]
        return math.log1p((self._num_texts - count + 0.5) / (count + 0.5))


def words_of(text: str) -> frozenset[str]:
    """The words of a text, of its first 5,000 characters."""
    return frozenset(key for key, *_ in _words(text[:MOST_CHARACTERS]))


def _words(text) -> Iterable[tuple[str, int, int]]:
    """`(key, start, end)` of each word, in the order of the text."""
    for run in _RUN.finditer(text):
        start = run.start()
        for part in _UNSPACED.split(run[0]):
            if part and _UNSPACED.match(part):
                for at in range(start, start + len(part) - 1):
                    yield text[at : at + 2], at, at + 2
            elif part:
                key = unicodedata.normalize("NFKC", part).casefold()
                yield key, start, start + len(part)
            start += len(part)


def _joined(words):
    """`(start, end, keys)`: words that overlap are one."""
    joined: list[tuple[int, int, list[str]]] = []
    for key, start, end in words:
        if joined and start < joined[-1][1]:
            first, _, keys = joined[-1]
            joined[-1] = (first, end, [*keys, key])
        else:
            joined.append((start, end, [key]))
    return joined
