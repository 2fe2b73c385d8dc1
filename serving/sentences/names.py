"""Titles and categories that a sentence wants, or does not want."""

import re

from serving.sentences.reading import SentenceReading
from serving.sentences.rules import Rule

_CLOSING = {"《": "》", '"': '"'}
_WORD_START = re.compile(r"\b(?=[^\W_])")
_HAN = re.compile("[\u3400-\u9fff]")
MAX_WORDS, MAX_LETTERS = 4, 10  # of words that items must not have


def read_titles(reading: SentenceReading, rule: Rule, match: re.Match) -> None:
    """Fills `like` or `unlike` with the titles that follow a rule's words.

    Args:
        reading: of a sentence.
        rule: maybe with `is_exact` and `after`, what must follow, or `end`, what may.
        match: its group `title` is where the first title begins.
    """
    text, more = reading.sentence.text, rule.more
    place = match.start("title")
    found: list[str] = []
    end = place
    while named := _title(reading, text, place, more.get("is_exact", False)):
        found.append(named.name)
        end = named.end
        joined = _anded(reading, text, end)
        if not joined:
            break
        place = joined
    if "after" in more and not (follows := more["after"].match(text, end)):
        return
    if not found:
        return
    if "after" in more:
        end = follows.end()
    elif "end" in more:
        end = more["end"].match(text, end).end()
    reading.sentence.take(match.start(), end)
    reading.add(rule.slot, *found)


def _anded(reading, text, end):
    """Where the next title may begin, 0 for none."""
    found = reading.rules.filler["and"].match(text, end)
    return found.end() if found and found.end() < len(text) else 0


def _title(reading, text, start, is_exact):
    names = reading.names
    if start >= len(text):
        return None
    closing = _CLOSING.get(text[start])
    if closing:
        end = text.find(closing, start + 1)
        return names.title_like(text[start + 1 : end], end + 1) if end > 0 else None
    named, category = names.title_at(text, start), names.category_at(text, start)
    if named is None and category is None and not is_exact:
        return reading.near_title(start)
    is_category = named and category and category.end >= named.end
    return None if is_category else named


def read_rejected(reading: SentenceReading, rule: Rule, match: re.Match) -> None:
    """Fills the slots of what is not wanted with the parts of a phrase."""
    phrase, start = match["phrase"], match.start("phrase")
    slots = [_rejected(reading, each, rule) for each in _listed(reading, phrase)]
    if not all(slots):
        return
    tail = match.groupdict().get("tail")
    end = match.end() if tail is not None else start + len(phrase)
    reading.sentence.take(match.start(), end)
    for slot, value in (pair for pairs in slots for pair in pairs):
        reading.add(slot, value)


def _listed(reading, phrase):
    """The parts of a list such as "horror and war films"."""
    parts = [each.strip() for each in reading.rules.filler["and"].split(phrase)]
    return [each for each in parts if each]


def _rejected(reading, words, rule):
    """Slots and values of words that are not wanted, none if they say nothing."""
    filler, names = reading.rules.filler, reading.names
    words = trimmed(words, filler["edge"], filler["noun"])
    if not words:
        return []
    named = _whole_categories(names, words)
    if named:
        return [("not_categories", name) for name in named]
    title = names.title_at(words, 0)
    if title and title.end == len(words):
        return [("unlike", title.name)]
    if rule.more["kind"] == "degree" or _is_long(words):
        return [("unlike_words", words)]
    return [("must_not", words)]


def _is_long(words):
    return (
        len(words) > MAX_LETTERS
        if _HAN.search(words)
        else (len(words.split()) > MAX_WORDS)
    )


def _whole_categories(names, words):
    """The categories that words consist of, none if there are other words."""
    found, place = [], 0
    while place < len(words):
        named = names.category_at(words, place)
        if not named:
            return []
        found.append(named.name)
        place = named.end
        while place < len(words) and words[place] in " -/":
            place += 1
    return found


def read_categories(reading: SentenceReading) -> None:
    """Fills `categories` with all that the rest of a sentence names."""
    text = reading.sentence.text
    either = reading.rules.filler["either"]
    place, last_end = 0, None
    while place < len(text):
        is_start = _WORD_START.match(text, place) or _HAN.match(text, place)
        named = reading.names.category_at(text, place) if is_start else None
        if not named:
            place += 1
            continue
        if last_end is not None and either.search(text, last_end, place):
            reading.is_every_category = False
        reading.sentence.take(place, named.end)
        reading.add("categories", named.name)
        place = last_end = named.end


def trimmed(words: str, *patterns: re.Pattern) -> str:
    """Words without those at either end that a pattern matches as a whole."""
    kept = words.strip()
    while kept:
        before = kept
        for pattern in patterns:
            kept = _without_ends(kept, pattern)
        if kept == before:
            break
    return kept


def _without_ends(words, pattern):
    is_chinese = _HAN.search(words)
    gap = "" if is_chinese else r"\b"
    head = re.match(rf"(?:{pattern.pattern}){gap}\s*", words)
    words = words[head.end() :] if head else words
    tail = re.search(rf"\s*{gap}(?:{pattern.pattern})$", words)
    return words[: tail.start()] if tail else words
