"""What was understood, in the words of a language."""

import datetime
from collections.abc import Callable
from typing import Any

from serving.sentences.parsed_request import NumericLimit, Order, Refinement
from serving.sentences.rules import read_rules


class PartWords:
    """Names parts of a request, and says what became of them.

    Args:
        language: "en" or "zh".
        name: gives the title of an item id.
    """

    def __init__(self, language: str, name: Callable[[str], str]):
        self._said = read_rules(language).said
        self._name = name

    def part(self, slot: str, value: Any) -> str:
        """A part in some words, such as "not Horror"."""
        if isinstance(value, NumericLimit):
            return self._limit(value)
        if isinstance(value, Order):
            key = "descending" if value.is_descending else "ascending"
            return self.note(key, attribute=value.attribute)
        if isinstance(value, Refinement):
            said = self._said["refinements"][value.kind]
            return said.format(attribute=self._attribute(value), place=value.place)
        if isinstance(value, datetime.date):
            is_year = (value.month, value.day) == (1, 1)
            value = str(value.year) if is_year else value.isoformat()
        if slot in ("like", "unlike"):
            value = self._name(value)
        return self._said[slot].format(value=value)

    def note(self, key: str, attribute: str = "", **values: Any) -> str:
        """A sentence of the language's file, with its places filled."""
        attribute = self._said["attributes"].get(attribute, attribute)
        shown = {n: f"{v:g}" if isinstance(v, float) else v for n, v in values.items()}
        return self._said[key].format(attribute=attribute, **shown)

    def _attribute(self, value):
        return self._said["attributes"].get(value.attribute, value.attribute)

    def _limit(self, limit):
        if limit.min is not None and limit.max is not None:
            key = "range"
        elif limit.max is not None:
            key = "at_most" if limit.is_max_allowed else "less_than"
        else:
            key = "at_least" if limit.is_min_allowed else "more_than"
        ends = {"min": limit.min, "max": limit.max}
        ends = {name: float(end) for name, end in ends.items() if end is not None}
        return self.note(key, limit.attribute, **ends)
