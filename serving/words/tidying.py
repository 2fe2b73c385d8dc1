"""The text in what a model wrote around it."""

import re

from serving.words.facts import Facts
from serving.words.kinds import OF_LISTS, Kind
from serving.words.masking import names

MAX_READ = 4000  # letters of an answer that are looked at
_END = re.compile(r"[.!?](?=[\s\"”'’]|$)[\"”'’]?|[。！？][”」』》]?")
_WRAPPED = {'"': '"', "“": "”", "'": "'", "「": "」"}


def tidy(text: str, kind: Kind, facts: Facts, is_cut: bool) -> str:
    """The first sentence of an answer, or the heading and the first sentence of a list.

    Args:
        text: what a model wrote.
        kind: of the text.
        facts: their names may hold full stops.
        is_cut: whether the model would have written more.

    Returns:
        The text, `""` if no sentence was ended.
    """
    lines = [line.strip() for line in text[:MAX_READ].splitlines()]
    lines = [line for line in lines if line]
    if kind in OF_LISTS and len(lines) > 1:
        rest = _first_sentence(lines[1], facts, is_cut and len(lines) == 2)
        return f"{lines[0]}\n{rest}" if rest else ""
    if kind in OF_LISTS or not lines:  # a list without a heading
        return ""
    return _first_sentence(_unwrapped(lines[0]), facts, is_cut and len(lines) == 1)


def _first_sentence(line, facts, is_cut):
    for found in _END.finditer(line):
        if not _is_in_a_name(line, found.start(), facts):
            return line[: found.end()]
    return "" if is_cut else line


def _is_in_a_name(line, place, facts):
    """Whether a full stop belongs to a name of the facts."""
    line = line.replace("’", "'")
    for name in [*(name for name, _ in names(facts)), *facts.said]:
        name = name.replace("’", "'")
        start = line.find(name)
        while start >= 0:
            if start <= place < start + len(name):
                return True
            start = line.find(name, start + 1)
    return False


def _unwrapped(line):
    """A sentence without the quotes around all of it."""
    inside = line[1:-1]
    end = _WRAPPED.get(line[0])
    if end and line[-1] == end and not {line[0], end} & set(inside):
        return inside
    return line
