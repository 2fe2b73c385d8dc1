"""Numbers that a sentence sets limits to."""

import re
from collections.abc import Mapping
from typing import Any

from serving.sentences.numerals import read_number
from serving.sentences.parsed_request import NumericLimit

ABOUT = 0.2  # "about 25" is 20 to 30
_PARTS = {"half an": 0.5, "an": 1.0}


def read_limit(
    match: re.Match, rule: Mapping[str, Any], quantities: Mapping[str, Any]
) -> NumericLimit | None:
    """The limit that a rule's words set, None if its number is none.

    Args:
        match: with the group `n`, maybe `unit` and `half`, and for two ends the same
            with `_2`, and `bare` for a first number whose unit the second one has.
        rule: `attribute`, `min`, `max`, `about` and `is_strict`.
        quantities: attribute -> `units`, factors by the beginning of the word.
    """
    units = quantities[rule["attribute"]].get("units", {})
    groups = match.groupdict()
    groups |= {"n": groups.get("n") or groups.get("n1")}
    value = _value(groups, "", units)
    if rule.get("min") and rule.get("max"):
        other = _value(groups, "_2", units)
        if value is None:
            shared = {"n": groups.get("bare"), "unit": groups.get("unit_2")}
            value = _value(groups | shared, "", units)
        if value is None or other is None:
            return None
        return NumericLimit(rule["attribute"], value, other)
    if value is None:
        return None
    if rule.get("about"):
        ends = (round((1 - ABOUT) * value, 6), round((1 + ABOUT) * value, 6))
        return NumericLimit(rule["attribute"], *ends)
    is_allowed = not rule.get("is_strict", False)
    if rule.get("max"):
        return NumericLimit(rule["attribute"], None, value, True, is_allowed)
    return NumericLimit(rule["attribute"], value, None, is_allowed, True)


def _value(groups, end, units):
    said = groups.get(f"n{end}")
    if not said:
        return None
    number = _PARTS.get(said, read_number(said))
    if number is None:
        return None
    if groups.get(f"half{end}") or groups.get(f"half2{end}"):
        number += 0.5
    unit = groups.get(f"unit{end}") or ""
    return number * units.get(unit[:1], 1)
