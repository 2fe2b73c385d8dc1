"""Texts in which the names of facts are found and set aside."""

import re
import unicodedata

from serving.words.facts import Facts

# Letters of no script, which take the place of what was found.
ITEM, CAUSE, SHARED, DATA = "\ue000", "\ue001", "\ue002", "\ue003"
MARKS = ITEM + CAUSE + SHARED + DATA
_LATE = re.compile(r"\s*\([^()]*\)$")  # such as a year behind a title


def mask(text: str, facts: Facts) -> str:
    """A text with one letter for each name of an item, of a cause, and other phrase.

    Names count in their own case, other phrases in any; a title may lose what stands
    in brackets behind it.

    Example:
        >>> from serving.words.facts import Item
        >>> facts = Facts(items=(Item(title="Alien (1979)"),), causes=("Jaws",))
        >>> mask("“Alien” and Jaws", facts) == f"“{ITEM}” and {CAUSE}"
        True
    """
    of_both = set(facts.shared)
    phrases = names(facts)
    phrases += [(each, SHARED if each in of_both else DATA) for each in facts.said]
    masked = in_one_width(text)
    for phrase, mark in sorted(phrases, key=lambda each: -len(each[0])):
        pattern = _bounded(in_one_width(phrase))
        flags = re.IGNORECASE if mark in (SHARED, DATA) else 0
        masked = re.sub(pattern, mark, masked, flags=flags)
    return masked


def names(facts: Facts) -> list[tuple[str, str]]:
    """Names of items and causes, also without what is in brackets, and their marks."""
    found = [(each.title, ITEM) for each in facts.items]
    found += [(each, CAUSE) for each in facts.causes]
    found += [(_LATE.sub("", name), mark) for name, mark in found]
    return [(name, mark) for name, mark in found if name]


def fold(text: str) -> str:
    """Letters in one width and case, one space between words."""
    return " ".join(in_one_width(text).casefold().split())


def in_one_width(text: str) -> str:
    """Full-width letters as usual ones, and one kind of apostrophe."""
    return unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")


def _bounded(phrase):
    """A pattern of a phrase that is no part of a longer word or number."""
    before = r"(?<![A-Za-z0-9])" if phrase[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if phrase[-1].isalnum() else ""
    return before + re.escape(phrase) + after
