"""The rules of a language, read from its file and compiled."""

import functools
import pathlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.sentences import numerals

FOLDER = pathlib.Path(__file__).parent
LANGUAGES = ("en", "zh")
_NUMBERS = {"en": numerals.ENGLISH, "zh": numerals.CHINESE}
_MACRO = re.compile(r"\{([a-z_]+)\}")
_GROUP = re.compile(r"\(\?P<(\w+)>")


@dataclass(frozen=True)
class Rule:
    """A pattern, the slot that it fills, and what its file says besides."""

    slot: str
    pattern: re.Pattern
    more: Mapping[str, Any]


@dataclass(frozen=True)
class Rules:
    """What a language's file holds.

    Attributes:
        rules: in the order in which they are tried.
        filler: name -> pattern.
        numbers: words of numbers that only this language has, such as decades.
        said: how each part is named in an answer.
    """

    rules: Sequence[Rule]
    filler: Mapping[str, re.Pattern]
    numbers: Mapping[str, int]
    units: Mapping[str, Any]
    said: Mapping[str, Any]


def read_rules(language: str) -> Rules:
    """The rules of "en" or "zh"."""
    return _read(language)


@functools.cache
def _read(language):
    text = (FOLDER / f"{language}.toml").read_text(encoding="utf-8")
    file = tomllib.loads(text)
    macros = {"n": _NUMBERS[language], **file["macros"]}
    boundary = r"(?<!\w)" if language == "en" else ""

    def compiled(pattern):
        return re.compile(_expand(pattern, macros))

    rules = [
        Rule(
            each["slot"],
            compiled(f"{_start(each['pattern'], boundary)}(?:{each['pattern']})"),
            {name: _compiled_suffix(name, of, compiled) for name, of in each.items()},
        )
        for each in [*_limits(file), *file["rules"]]
    ]
    filler = {name: compiled(of) for name, of in file["filler"].items()}
    units = {"dates": file.get("dates", {}), "quantities": file["quantities"]}
    return Rules(rules, filler, file["ordinals"], units, file.get("said", {}))


def _start(pattern, boundary):
    """No rule begins within a word; one that looks around says itself where."""
    return "" if pattern.startswith("(?:^") else boundary


def _compiled_suffix(name, value, compiled):
    return compiled(value) if name in ("after", "end") else value


def _limits(file):
    """A rule for each bound of each quantity, those with two ends first."""
    between = file["between"]
    for attribute, quantity in file["quantities"].items():
        pattern = quantity["pattern"]
        first = rf"{between['start']}\s*(?:{pattern}|(?P<bare>{{n}}))"
        second = _renamed(pattern)
        middle, end = between["middle"], between.get("end", "")
        whole = rf"{first}\s*{middle}\s*{second}{end}"
        is_wide = {"min": True, "max": True}
        yield {"slot": "limits", "attribute": attribute, "pattern": whole} | is_wide
    for bound in file["bounds"]:
        for attribute, quantity in file["quantities"].items():
            before, after = bound.get("before", ""), bound.get("after")
            tail = rf"\s*(?:{after})" if after else ""
            pattern = rf"{before}\s*{quantity['pattern']}{tail}"
            kept = {name: bound[name] for name in bound if name not in _ENDS}
            yield {"slot": "limits", "attribute": attribute, "pattern": pattern} | kept


_ENDS = ("before", "after")


def _renamed(pattern):
    """The same pattern with groups of other names, which a pattern has once."""
    return _GROUP.sub(lambda found: f"(?P<{found[1]}_2>", pattern)


def _expand(pattern, macros):
    def replace(found):
        return _expand(macros[found[1]], macros)

    return _MACRO.sub(replace, pattern)
