"""Reads sentences by rules."""

import datetime
import tomllib

from serving.sentences.catalogue_names import CatalogueNames
from serving.sentences.days import read_days
from serving.sentences.leftover import query_of
from serving.sentences.limits import read_limit
from serving.sentences.names import read_categories, read_rejected, read_titles
from serving.sentences.normalised import is_chinese, normalise
from serving.sentences.numerals import read_number
from serving.sentences.parsed_request import Order, ParsedRequest, Refinement
from serving.sentences.reading import SentenceError, SentenceReading
from serving.sentences.rules import FOLDER, read_rules
from serving.sentences.sentence import Sentence

MAX_LETTERS = 1000  # of a sentence
MAX_K = 1000


def read_concepts() -> list[list[str]]:
    """Words of several languages for one category each."""
    text = (FOLDER / "concepts.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["words"]


class RuleParser:
    """Finds what a sentence asks for by the rules of its language; safe for threads.

    Args:
        names: of the catalogue.
    """

    def __init__(self, names: CatalogueNames):
        self._names = names

    def parse(
        self, text: str, today: datetime.date, language: str = ""
    ) -> ParsedRequest:
        """What a sentence asks for.

        Args:
            text: the sentence, as it came.
            today: "this year" is counted from.
            language: "en", "zh", or `""` to see it from the script.

        Raises:
            SentenceError: the sentence has too many letters or parts.
        """
        if len(text) > MAX_LETTERS or len(spelt := normalise(text)) > MAX_LETTERS:
            raise SentenceError(
                f"`text` must have at most {MAX_LETTERS} characters, because it is "
                f"read as one sentence. Received: {len(text)}. Send what is asked for."
            )
        language = language or ("zh" if is_chinese(spelt) else "en")
        rules = read_rules(language)
        reading = SentenceReading(Sentence(spelt), self._names, rules, today)
        for rule in rules.rules:
            for match in reading.sentence.matches(rule.pattern):
                _apply(reading, rule, match)
        read_categories(reading)
        return reading.request(query_of(reading.sentence.clauses(), rules.filler))


def _apply(reading, rule, match):
    """Lets a rule read a part of the sentence; it stays if it means nothing."""
    slot = rule.slot
    if slot in ("like", "unlike"):
        read_titles(reading, rule, match)
    elif slot == "reject":
        read_rejected(reading, rule, match)
    elif values := _values(reading, rule, match):
        reading.sentence.take(*match.span())
        for name, value in values:
            reading.add(name, value)


def _values(reading, rule, match):
    """Slots and what they are filled with, nothing if the words say nothing."""
    slot, more, rules = rule.slot, rule.more, reading.rules
    if slot == "limits":
        limit = read_limit(match, more, rules.units["quantities"])
        return [(slot, limit)] if limit else []
    if slot == "dates":
        days = read_days(match, more["kind"], rules, reading.today)
        pairs = zip(("newer_than", "older_than"), days, strict=True)
        return [pair for pair in pairs if pair[1]]
    if slot == "order":
        return [(slot, Order(more["attribute"], more.get("is_descending", False)))]
    if slot == "refinements":
        return [(slot, each) for each in _refinements(match, more, rules)]
    if slot == "k":
        return [(slot, k)] if (k := _count(match, more)) else []
    words = match[0] if slot == "not_placed" else _any_group(match, "phrase")
    return [(slot, words.strip('" '))]


def _any_group(match, name):
    """A group of which a pattern has several, numbered from the second on."""
    groups = match.groupdict()
    names = (name, *(f"{name}{number}" for number in range(1, 4)))
    return next((groups[each] for each in names if groups.get(each)), "")


def _refinements(match, more, rules):
    kind, attribute = more["kind"], more.get("attribute", "")
    if attribute or kind == "instead":
        return [Refinement(kind, None, attribute)]
    said = _any_group(match, "n")
    place = more.get("place", 1 if more.get("first") else rules.numbers.get(said))
    if place is None:
        place = int(read_number(said) or 1)
    count = int(read_number(match.groupdict().get("count") or "1") or 1)
    return [Refinement(kind, place + step) for step in range(min(count, 10))]


def _count(match, more):
    k = read_number(match["n"]) or 0
    is_article = k == 1 and more.get("is_plural")
    return int(k) if k == int(k) and 1 <= k <= MAX_K and not is_article else None
