"""A catalogue as columns, for filters that look at all of it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

_YEAR_LAST = re.compile(r"[(\uff08]((?:1[89]|20)\d\d)[)\uff09]\s*$")
_YEAR_FIRST = re.compile(r"\s*((?:1[89]|20)\d\d)(?!\d)")
_ACCENTS = re.compile("[\u0300-\u036f]")
_ALPHANUMERIC = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")
# Columns of the table of items that hold an attribute, the first one that there is.
COLUMNS = {
    "price": ("price", "cost"),
    "duration": ("duration", "minutes", "runtime", "length"),
    "rating": ("rating", "stars"),
    "year": ("year", "release_year"),
}


class ItemColumns:
    """Masks of the items that are so and so.

    Args:
        item_ids: of the items.
        titles: one for each.
        categories: one for each, several with `|` between.
        abouts: a line about each.
        numbers: column -> one for each, None or NaN where it is not known.
    """

    def __init__(
        self,
        item_ids: Sequence[str],
        titles: Sequence[str],
        categories: Sequence[str],
        abouts: Sequence[str],
        numbers: Mapping[str, Sequence[float | None]],
    ):
        self.item_ids = list(item_ids)
        self.rows = {item_id: row for row, item_id in enumerate(self.item_ids)}
        texts = zip(titles, abouts, categories, strict=True)
        lines = [" ".join(each).replace("\n", " ") for each in texts]
        text = "\n".join(["", *lines]).casefold()
        if not text.isascii():
            text = _ACCENTS.sub("", _decomposed(text))
        self._text = text.encode()  # bytes are searched faster
        ends = np.flatnonzero(np.frombuffer(self._text, np.uint8) == ord("\n"))
        self._starts = ends[: len(lines)]
        self._categories = _rows_by_category(categories)
        self._numbers = {
            attribute: np.array(numbers[found[0]], float)
            for attribute, names in COLUMNS.items()
            if (found := [name for name in names if name in numbers])
        }
        if "year" not in self._numbers:
            years = [_year(*each) for each in zip(titles, abouts, strict=True)]
            self._numbers["year"] = np.array(years, float)

    def __len__(self):
        return len(self.item_ids)

    def number(self, attribute: str) -> np.ndarray | None:
        """`[items]` float array with NaN for what is not known, None if nothing is."""
        values = self._numbers.get(attribute)
        return None if values is None or np.isnan(values).all() else values

    def value(self, item_id: str, attribute: str) -> float | None:
        """An attribute of one item, None if it is not known."""
        values, row = self.number(attribute), self.rows.get(item_id)
        if values is None or row is None or np.isnan(values[row]):
            return None
        return float(values[row])

    def in_category(self, name: str) -> np.ndarray:
        """`[items]` bool array."""
        mask = np.zeros(len(self), bool)
        mask[self._categories.get(name, [])] = True
        return mask

    def has_words(self, words: str) -> np.ndarray:
        """`[items]` bool array: title, line or category has a word that begins so.

        Case, accents and the ending of a plural do not count. Chinese words may be
        anywhere.
        """
        wanted = _singular(_ACCENTS.sub("", _decomposed(words.casefold())).strip())
        mask = np.zeros(len(self), bool)
        if not wanted:
            return mask
        if len(wanted) == 1 and wanted.isascii():
            wanted = f" {wanted} "  # else half of the text begins so
        text, sought, places, place = self._text, wanted.encode(), [], -1
        while (place := text.find(sought, place + 1)) >= 0:
            places.append(place)
        if wanted[0].isascii() and wanted[0] != " ":  # Chinese has no gaps
            places = [place for place in places if text[place - 1] not in _ALPHANUMERIC]
        mask[np.searchsorted(self._starts, places) - 1] = True
        return mask


def _decomposed(text):
    return unicodedata.normalize("NFKD", text)


def _singular(word):
    if not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3]
    is_plural = word.endswith("s") and not word.endswith("ss") and len(word) > 3
    return word[:-1] if is_plural else word


def _rows_by_category(categories):
    rows: dict[str, list[int]] = {}
    for row, names in enumerate(categories):
        for name in names.split("|") if names else ():
            rows.setdefault(name, []).append(row)
    return {name: np.array(of) for name, of in rows.items()}


def _year(title, about):
    found = _YEAR_LAST.search(title) or _YEAR_FIRST.match(about)
    return float(found[1]) if found else np.nan
