"""Which words claim nothing by themselves, and whether others are in the facts."""

import functools
import pathlib
import re
from collections.abc import Iterable

from serving.words.masking import fold
from tfrec.reasons.sentences import Lang

FOLDER = pathlib.Path(__file__).parent / "vocabulary"
_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def is_covered(text: str, lang: Lang, said: Iterable[str], has_shared: bool) -> bool:
    """Whether every word of a text is harmless or in what may be said.

    Chinese puts no spaces between words: there a run of characters must be a row of
    harmless words and of pieces, two characters at least, of what may be said.

    Args:
        text: without names.
        lang: of the text.
        said: what may be said.
        has_shared: whether it may say that two things have something in common.

    Example:
        >>> is_covered("It is quiet.", "en", ["quiet"], False)
        True
        >>> is_covered("这是一部安静的电影", "zh", ["安静"], False)
        False
    """
    harmless = _harmless(lang, has_shared)
    ground = [fold(each) for each in said]
    text = fold(text)
    runs = _HAN.findall(text)
    if not all(_is_row(run, harmless, ground) for run in runs):
        return False
    known = harmless.union(*(_forms(word) for each in ground for word in words(each)))
    return all(_forms(word) & known for word in words(_HAN.sub(" ", text)))


def words(text: str) -> list[str]:
    """Words with their case, and the parts of those with hyphens.

    Example:
        >>> words("A Sci-Fi film, 1979")
        ['A', 'Sci-Fi', 'film', 'Sci', 'Fi']
    """
    whole = WORD.findall(text)
    return whole + [p for word in whole if "-" in word for p in word.split("-") if p]


def han_share(text: str) -> float | None:
    """Share of Chinese characters among letters; None without letters."""
    num_letters = sum(letter.isalpha() for letter in text)
    return len("".join(_HAN.findall(text))) / num_letters if num_letters else None


def _forms(word):
    """A word in the singular and in the plural, without the `'s` of a genitive."""
    stem = word.removesuffix("'s").removesuffix("'")
    single = stem[:-3] + "y" if stem.endswith("ies") else stem.removesuffix("s")
    return {stem, single}


def _is_row(run, harmless, ground):
    ends = {0}  # of the rows that were found
    for end in range(1, len(run) + 1):
        for start in sorted(ends):
            piece = run[start:end]
            is_said = len(piece) > 1 and any(piece in each for each in ground)
            if piece in harmless or is_said:
                ends.add(end)
                break
    return len(run) in ends


@functools.cache
def _harmless(lang, has_shared):
    names = [lang, f"{lang}-shared"] if has_shared else [lang]
    texts = [(FOLDER / f"{name}.txt").read_text(encoding="utf-8") for name in names]
    lines = [line for text in texts for line in text.splitlines()]
    return frozenset(
        word for line in lines if not line.startswith("#") for word in line.split()
    )
