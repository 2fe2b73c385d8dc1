"""The catalogue's titles and categories, as people name them in a sentence."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from serving.sentences.fuzzy import closest
from tfrec.values import without_accents

_YEAR = re.compile(r"\s*[(\uff08](?:1[89]|20)\d\d[)\uff09]\s*$")
_ARTICLE_LAST = re.compile(r"^(.*), (the|an?|les?|la|el|der|die|das)$", re.IGNORECASE)
_ARTICLE = re.compile("^(?:the|an?) ")
_ASIDE = re.compile(r"\s*\(([^()]*)\)")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_HAN = re.compile("[\u3400-\u9fff]")
_CLAUSE_END = re.compile("[,.;:!?()、]| (?:but|with|from|and|or|for) ")
MAX_TITLE_WORDS, MAX_TITLE_LETTERS = 12, 40  # of what a sentence is searched for
MAX_CATEGORY_WORDS, MAX_CATEGORY_LETTERS = 4, 8
MIN_FUZZY = 5  # letters; shorter names are too like one another


class Named(NamedTuple):
    """What some words of a sentence name, and where they end in it."""

    name: str
    end: int


def plain(text: str) -> str:
    """Letters and digits without case, accents and punctuation, one blank between.

    Example:
        >>> plain("Amélie: the  Film-Noir")
        'amelie the film noir'
    """
    kept = without_accents(text).replace("'", "")
    return " ".join(re.findall(r"[^\W_]+", kept))


def spoken_titles(title: str) -> list[str]:
    """How people say a title: without its year, the article first, or without it.

    Example:
        >>> spoken_titles("Empire Strikes Back, The (1980)")
        ['the empire strikes back', 'empire strikes back']
        >>> spoken_titles("Seven (Se7en) (1995)")
        ['seven', 'se7en']
    """
    bare = _YEAR.sub("", title)
    asides = [plain(each) for each in _ASIDE.findall(bare)]
    bare = _ASIDE.sub("", bare)
    turned = _ARTICLE_LAST.match(bare)
    if turned:
        bare = f"{turned[2]} {turned[1]}"
    said = plain(bare)
    head, _, rest = said.partition(" ")
    without = [rest] if head in ("the", "a", "an") and rest else []
    return [each for each in (said, *without, *asides) if each]


def stem(word: str) -> str:
    """A noun without the ending of its plural.

    Example:
        >>> stem("comedies"), stem("watches"), stem("children's"), stem("glass")
        ('comedy', 'watch', 'children', 'glass')
    """
    word = word.removesuffix("'s").removesuffix("'")
    if word.endswith("ies") and len(word) > 4 and word != "movies":
        return f"{word[:-3]}y"
    if re.search("(?:ch|sh|x|ss|z)es$", word):
        return word[:-2]
    is_plural = word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if is_plural and len(word) > 3 else word


class CatalogueNames:
    """Finds titles and categories at places of a normalised sentence.

    Args:
        titles: item id -> title.
        categories: of the catalogue.
        popularity: item id -> number of events; of equal titles the largest is meant.
        concepts: words of several languages for one category each, such as
            `[("horror", "恐怖片")]`; those count that name one of `categories`.
    """

    def __init__(
        self,
        titles: Mapping[str, str],
        categories: Iterable[str],
        popularity: Mapping[str, int] | None = None,
        concepts: Iterable[Iterable[str]] = (),
    ):
        self._titles: dict[str, str] = {}
        self._alike: dict[tuple[str, int], list[str]] = {}
        self._num_letters = 0  # of the longest title, so far as it is looked at
        known = popularity or {}
        for item_id in sorted(titles, key=lambda each: known.get(each, 0)):
            self._add_title(item_id, titles[item_id])
        self._concepts = [
            [f for word in words for f in _forms(word)] for words in concepts
        ]
        self._categories: dict[str, str] = {}
        self._add_categories(categories)

    def add(self, item_id: str, title: str, categories: Iterable[str]) -> None:
        """Knows one more item; of equal titles it is meant from now on."""
        self._add_title(item_id, title)
        self._add_categories(categories)

    def all_categories(self) -> list[str]:
        """Names of the catalogue's categories, in order of the alphabet."""
        return sorted(set(self._categories.values()))

    def _add_title(self, item_id, title):
        for said in spoken_titles(title):
            said = _joined(said)
            if said not in self._titles:
                self._alike.setdefault(_kind(said), []).append(said)
            self._titles[said] = item_id
            # Two more for quotes.
            longest = max(self._num_letters, len(said) + 2)
            self._num_letters = min(MAX_TITLE_LETTERS, longest)

    def _add_categories(self, categories):
        new = [(form, name) for name in categories for form in _forms(name)]
        before = len(self._categories)
        for form, name in new:
            self._categories.setdefault(form, name)
        if len(self._categories) == before:
            return
        for forms in self._concepts:
            named = [self._categories[f] for f in forms if f in self._categories]
            for form in forms if named else ():
                self._categories.setdefault(form, named[0])

    def title_at(self, text: str, start: int) -> Named | None:
        """The longest title that begins at a place."""
        for end in _ends(text, start, MAX_TITLE_WORDS, self._num_letters):
            said = _joined(plain(text[start:end]))
            found = self._titles.get(said) or self._titles.get(_ARTICLE.sub("", said))
            if found is not None:
                return Named(found, end)
        return None

    def near_title_at(self, text: str, start: int) -> Named | None:
        """The title that a clause is, spelling mistakes allowed."""
        ends = _ends(text, start, MAX_TITLE_WORDS, self._num_letters)
        if not ends:
            return None
        stop = _CLAUSE_END.search(text, start, ends[0])
        end = stop.start() if stop else ends[0]
        return self.title_like(text[start:end], end)

    def title_like(self, words: str, end: int) -> Named | None:
        """The title that words are, or nearly are."""
        said = _joined(plain(words))
        found = self._titles.get(said)
        if found is None and len(said) >= MIN_FUZZY:
            near = closest(said, self._near(said))
            found = self._titles[near] if near else None
        return None if found is None else Named(found, end)

    def _near(self, said):
        """Titles of the same first letter and about the same length."""
        letter, length = _kind(said)
        for each in (length - 1, length, length + 1):
            yield from self._alike.get((letter, each), ())

    def category_at(self, text: str, start: int) -> Named | None:
        """The longest name of a category that begins at a place."""
        for end in _ends(text, start, MAX_CATEGORY_WORDS, MAX_CATEGORY_LETTERS):
            said = text[start:end]
            found = self._categories.get(said if _HAN.match(said) else _form(said))
            if found:
                return Named(found, end)
        return None


def _kind(said):
    return said[0], len(said) // 4


def _joined(said):
    """Chinese titles are the same with and without blanks."""
    return said.replace(" ", "") if _HAN.search(said) else said


def _form(name):
    return plain(" ".join(stem(word) for word in _WORD.findall(name)))


def _forms(name):
    """Spellings of a category: the stems of its words, in Chinese also a short form."""
    form = _form(name.lower())
    forms = [form]
    if _HAN.search(name) and form.endswith("子") and len(form) > 1:
        forms.append(form[:-1])
    return [each for each in forms if each]


def _ends(text, start, max_words, max_letters):
    """Where a name that begins at `start` may end, farthest first."""
    if start >= len(text):
        return []
    farthest = min(len(text), start + max_letters)
    if _HAN.search(text, start, farthest):
        return range(farthest, start, -1)
    ends = []
    for word in _WORD.finditer(text, start, start + 20 * max_words):
        ends.append(word.end())
        if len(ends) == max_words:
            break
    return ends[::-1]
